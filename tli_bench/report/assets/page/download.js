// What is shown, as files made in the browser.
const shownRows = () => grid.rows({ order: "applied", search: "applied" }).data().toArray();
// A spreadsheet takes no cell for a formula: a quote is put before what could start one, numbers apart.
const csvCell = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const asCsv = () => {
  const columns = visibleColumns().filter((c) => !FIXED.includes(c.id));
  const head = ["rank", "tied", "rank_low", "rank_high", "model", "training", data.headline.id, "ci_low", "ci_high", ...columns.map((c) => c.id), "unranked"];
  const lines = shownRows().map((r) => [r[1], r[1] === null ? "" : r[2] ? "true" : "false", r[3], r[4], entryOf(r).model, entryOf(r).training, r[5], r[6], r[7], ...columns.map((c) => c.plain(r)), r[9]]);
  return [head, ...lines].map((line) => line.map(csvCell).join(",")).join("\n") + "\n";
};
const asJson = () => JSON.stringify({
  tli_bench: data.version, updated: data.updated, protocol: board().protocol, lexicon: board().lexicon, scope: section().id,
  pairs: section().pairs, score: data.headline.id,
  columns: Object.fromEntries(visibleColumns().map((c) => [c.id === "score" ? data.headline.id : c.id, c.about])),
  rows: shownRows().map((r) => ({
    rank: r[1], tied: r[1] === null ? null : Boolean(r[2]), rank_interval: r[1] === null ? null : [r[3], r[4]],
    model: entryOf(r).model, training: entryOf(r).training, [data.headline.id]: r[5], ci: r[6] === null ? null : [r[6], r[7]],
    ...Object.fromEntries(visibleColumns().filter((c) => !FIXED.includes(c.id)).map((c) => [c.id, c.plain(r)])),
    unranked: r[9], id: entryOf(r).id, signature: entryOf(r).signature,
  })),
}, null, 1) + "\n";
const save = (content, type, ending) => {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = make("a", "", { href: url, download: `tli-bench-${state.board}-${section().id}.${ending}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  say(`${shownRows().length} rows saved`);
};
