// The columns of the table: how each is shown, sorted and found. Missing values come last, whichever way it is sorted.
const by = (display, sort, filter) => (row, kind) =>
  kind === "display" ? display(row) : kind === "filter" ? (filter ?? (() => ""))(row) : sort(row) ?? null;
const orders = (compare) => ({
  asc: (a, b) => (a === null) - (b === null) || (a === null ? 0 : compare(a, b)),
  desc: (a, b) => (a === null) - (b === null) || (a === null ? 0 : compare(b, a)),
});
DataTable.type("known-number", { order: orders((a, b) => a - b) });
DataTable.type("known-text", { order: orders((a, b) => (a < b ? -1 : a > b ? 1 : 0)) });

const rankText = (r) => (r[1] === null ? "–" : `${r[1]}${r[2] ? "=" : ""}`);
const placesText = (r) => (r[1] === null ? "–" : r[3] === r[4] ? `${r[3]}` : `${r[3]}–${r[4]}`);
const marked = (r, column, i) => number(r[8][i], column.digits, column.signed) + (i === data.audit && r[10] ? ` ${data.flag}` : "");
const cell = (r, column, i) => (i === data.audit && r[11]
  ? `<span title="${esc(r[11])}">${esc(marked(r, column, i))}<span class="visually-hidden"> (${esc(r[11])})</span></span>`
  : esc(marked(r, column, i)));
const latest = (entry) => entry.units.map((u) => text(u[4])).reduce((a, b) => (a > b ? a : b), "").slice(0, 10);
const trainedBy = (entry) => (entry.training === "base" ? "" : entry.training) + (entry.kind === "full" ? " (full fine-tuning)" : "");
const who = (r) => {
  const entry = entryOf(r), training = trainedBy(entry);
  const open = state.rows.includes(entry.id);
  return `<button type="button" class="open" aria-expanded="${open}"><bdi>${esc(entry.model)}</bdi>` +
    (training ? ` <span class="with"><bdi>${esc(training)}</bdi></span>` : "") + `<span class="small">${esc(entry.apart)}</span></button>` +
    (r[9] ? `<span class="small note">no rank: ${esc(r[9])}</span>` : "");
};
const fact = (id, label, about, value, textual = false) => ({
  id, label, about, fact: true, textual, plain: (r) => value(entryOf(r)) ?? null,
  render: by((r) => esc(value(entryOf(r))?.toLocaleString("en") ?? "–"), (r) => value(entryOf(r)) ?? null),
});
// One source of uncertainty: a number, both ends of a range, or a number and how many trainings it is of.
const span = ([low, high], say) => (low === high ? say(low) : `${say(low)}–${say(high)}`);
const sourceText = (r, i) => {
  const value = r[12][i] ?? null;
  if (value === null) return "–";
  if (i === 2) return span(value, number);
  if (i === 5) return `${number(value[0])} (${value[1]})`;
  return Array.isArray(value) ? span(value, String) : number(value);
};
const sourceValue = (r, i) => {
  const value = r[12][i] ?? null;
  if (!Array.isArray(value)) return value;
  return i === 5 ? value[0] : value[1];
};
const allColumns = [
  { id: "rank", label: "Rank", about: "1 plus the number of rows that are certainly better; = marks a row that cannot be told from some other. Behind it, the ranks it may have.",
    plain: rankText, render: by((r) => `${rankText(r)}${r[1] === null || r[3] === r[4] ? "" : ` <span class="small">${placesText(r)}</span>`}`, (r) => r[1]) },
  { id: "model", label: "Model", about: "What was scored, and with which training. Press a name for its details, its curves and a link to it.", textual: true,
    plain: (r) => entryOf(r).model, render: by(who, (r) => `${entryOf(r).model} ${trainedBy(entryOf(r))}`.toLowerCase(), (r) => `${entryOf(r).model} ${trainedBy(entryOf(r))}`) },
  { id: "score", label: `${data.score.label} [95 %]`, about: data.score.about, plain: (r) => r[5],
    render: by((r) => esc(number(r[5])) + (r[6] === null ? "" : ` <span class="small">${esc(bounds(r[6], r[7]))}</span>`), (r) => r[5]) },
  ...data.columns.map((column, i) => ({ ...column, plain: (r) => r[8][i] ?? null, render: by((r) => cell(r, column, i), (r) => r[8][i]) })),
  ...data.sources.map((source, i) => ({ ...source, source: true, plain: (r) => (sourceValue(r, i) === null ? null : sourceText(r, i)),
    render: by((r) => esc(sourceText(r, i)), (r) => sourceValue(r, i)) })),
  fact("trained_on", "Trained on", "The pair whose words the training saw.", (e) => (e.pair === "–" ? null : e.pair), true),
  fact("lora_rank", "LoRA rank", "Rank of the adapter, by its card.", (e) => e.rank),
  fact("parameters", "Trainable parameters", "Numbers that received gradient.", (e) => e.parameters),
  fact("licence", "Licence", "Of the package that the model came in, where records hold it.", (e) => e.licence, true),
  fact("date", "Latest record", "Day of the latest record of the row.", latest, true),
].map((c) => ({
  data: null, name: c.id, title: c.label, searchable: c.id === "model", type: c.textual ? "known-text" : "known-number",
  className: c.id === "model" ? "who" : c.id === "rank" ? "n rank" : c.textual ? "text" : "n",
  orderSequence: c.textual || c.id === "rank" ? ["asc", "desc"] : ["desc", "asc"], ...c,
}));
const FIXED = ["rank", "model", "score"];
const held = (column) => board().columns.includes(column.id) || ((column.fact || column.source) && section().rows.some((r) => column.plain(r) !== null && column.plain(r) !== ""));
const optional = () => allColumns.filter((c) => !FIXED.includes(c.id));
const chosenColumns = () => state.columns ?? board().defaults;
const visibleColumns = () => allColumns.filter((c) => FIXED.includes(c.id) || (chosenColumns().includes(c.id) && held(c)));
// `audit:asc`: a column and a direction; null for what is neither.
const sortOf = (written) => {
  const [id, way] = written.split(":"), index = allColumns.findIndex((c) => c.id === id);
  return index >= 0 && ["asc", "desc"].includes(way) ? [index, way] : null;
};
const UNSORTED = [[0, "asc"], [2, "desc"]];
