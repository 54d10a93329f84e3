// What was trained from one base, and sweeps of settings.
const contests = () => section().contests;
const fillContests = () => {
  const found = contests();
  byId("trainings").hidden = !found.length;
  if (!found.length) return;
  const names = found.map(([base]) => `${board().entries[base].model} (${board().entries[base].signature.revision ?? ""}, ${board().entries[base].signature.dtype ?? ""})`);
  const kept = byId("contest").selectedIndex;
  fill(byId("contest"), [["", names.map((name, i) => [i, name])]]);
  byId("contest").selectedIndex = kept >= 0 && kept < found.length ? kept : 0;
  trainings();
};
const changed = (values) => {
  const [value, low, high] = values;
  return value === null ? "–" : make("span", [`${number(value, 3, true)} `, make("span", bounds(low, high, true), { class: "small" })]);
};
const trainings = () => {
  const [base, values, packed] = contests()[byId("contest").selectedIndex], which = byId("quantity").selectedIndex;
  const rows = packed.map(([i, changes, english], k) => ({ entry: board().entries[i], mark: String(k + 1), changes, english }));
  const english = rows.some((row) => row.english !== null);
  const cells = rows.map(({ entry, mark, changes, english: change }) => [mark, data.kinds[entry.how], entry.training, entry.pair, entry.loss,
    entry.parameters?.toLocaleString("en") ?? "–", ...changes.map(changed), ...(english ? [number(change, 3, true)] : [])]);
  const head = ["#", "kind", "training", "trained on", "loss layer", "parameters", ...data.quantities, ...(english ? ["English"] : [])];
  const untrained = ["", "untrained", "base", "–", "–", "–", ...values.map((v) => number(v)), ...(english ? ["–"] : [])];
  byId("trainings-table").replaceChildren(table(`${section().label}: change against the base, whose own values stand in the first row`,
    head, [untrained, ...cells], head.map((_, i) => i).filter((i) => i > 4)));
  const drawn = rows.filter((row) => row.entry.parameters && row.changes[which][0] !== null).sort((a, b) => a.entry.parameters - b.entry.parameters);
  byId("trainings-chart").replaceChildren();
  if (!drawn.length) return;
  const x = drawn.map((row) => row.entry.parameters);
  // Contenders of nearly one size stand next to each other, not on each other: up to a twentieth of a decade apart.
  const first = x.map((size) => x.findIndex((other) => Math.log10(size / other) < 0.05));
  const dodge = x.map((_, i) => i - first[i] - (first.filter((own) => own === first[i]).length - 1) / 2);
  const moved = dodge.some((step) => step !== 0);
  const kinds = Object.keys(data.kinds).filter((kind) => drawn.some((row) => row.entry.how === kind));
  const only = (kind, value) => drawn.map((row) => (row.entry.how === kind ? value(row) : null));
  plot(byId("trainings-chart"), `${data.quantities[which]}: change against the base by trainable parameters; values in the table below`, {
    x, log: 10, zero: true,
    axes: [{ label: `trainable parameters (numbers: rows of the table${moved ? "; moved aside where they would overlap" : ""})`, name: "parameters", shown: (v) => v.toLocaleString("en"),
      values: (_, ticks) => ticks.map((t) => (Number.isInteger(Math.log10(t)) ? t.toLocaleString("en", { notation: "compact" }) : "")) },
    { label: "change against the base" }],
    series: kinds.map((kind) => ({
      name: data.kinds[kind], look: Object.keys(data.kinds).indexOf(kind), line: false, bars: true, dodge,
      values: only(kind, (row) => row.changes[which][0]), ends: [1, 2].map((end) => only(kind, (row) => row.changes[which][end])),
      marks: drawn.map((row) => row.mark),
    })),
  });
};

const sweeps = () => {
  const sweep = data.sweeps[byId("sweep").selectedIndex], which = byId("score").selectedIndex;
  const found = sweep.scores[which], lines = found.filter((line) => line.points.length);
  byId("sweep-about").textContent = sweep.about;
  byId("sweep-table").replaceChildren(table(sweep.title, ["training", "LoRA rank", "parameters", "seeds", ...data.scores], sweep.rows, [1, 2, 3, ...data.scores.map((_, i) => 4 + i)]));
  const x = [...new Set(lines.flatMap((line) => line.points.map(([rank]) => rank)))].sort((a, b) => a - b);
  byId("sweep-chart").replaceChildren();
  if (!x.length) return;
  const read = (line, k) => x.map((rank) => line.points.find(([own]) => own === rank)?.[k] ?? null);
  plot(byId("sweep-chart"), `${data.scores[which]}: change against the base by LoRA rank; values in the table below`, {
    x, log: 2, zero: true,
    axes: [{ label: lines.length > 1 ? "LoRA rank, lines moved aside" : "LoRA rank", splits: () => x, values: (_, ticks) => ticks }, { label: "change against the base" }],
    level: found.filter((line) => line.level).map(({ label, level: [value, low, high] }) =>
      [value, `${label}: ${number(value, 3, true)}` + (low === undefined ? "" : ` [${number(low, 3, true)}, ${number(high, 3, true)}]`)]),
    series: lines.map((line, i) => ({ name: line.label, look: i, dash: [[], [8, 4], [2, 3], [10, 3, 2, 3]][i % 4], bars: true, line: false, joined: true,
        dodge: x.map(() => (i - (lines.length - 1) / 2) * 0.6),
      values: read(line, 1), ends: [read(line, 2), read(line, 3)] })),
  });
};
const sweepsStart = () => {
  fill(byId("quantity"), [["", data.quantities.map((name, i) => [i, name])]]);
  fill(byId("sweep"), [["", data.sweeps.map((sweep, i) => [i, sweep.title])]]);
  fill(byId("score"), [["", data.scores.map((name, i) => [i, name])]]);
  byId("contest").addEventListener("change", trainings);
  byId("quantity").addEventListener("change", trainings);
  byId("sweep").addEventListener("change", sweeps);
  byId("score").addEventListener("change", sweeps);
  if (!data.sweeps.length) return;
  byId("sweeps").hidden = false;
  sweeps();
};
