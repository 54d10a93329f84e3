// The board's data, and what its parts are made of.
const source = byId("data");
const unzipped = async (packed) => {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const data = JSON.parse(source.type === "application/json" ? source.textContent : await unzipped(source.textContent));
const text = (i) => (i < 0 ? "" : data.texts[i]);
const curve = (i) => (i < 0 ? [] : data.curves[i]);

const bounds = (low, high, signed = false) => (low === null || low === undefined ? "" : `[${number(low, 3, signed)}, ${number(high, 3, signed)}]`);
const table = (caption, header, rows, numeric = []) => {
  const head = make("tr", header.map((h, i) => make("th", h, { scope: "col", class: numeric.includes(i) ? "n" : "" })));
  const body = rows.map((r) => make("tr", r.map((c, i) => make("td", c, { class: numeric.includes(i) ? "n" : "" }))));
  return make("table", [make("caption", caption), make("thead", head), make("tbody", body)]);
};
const scrolling = (child, label) => make("div", child, { class: "scroll", role: "region", "aria-label": label, tabindex: 0 });
const fill = (select, groups) => {
  select.replaceChildren(...groups.map(([label, options]) => {
    const nodes = options.map(([value, name]) => make("option", name, { value }));
    return label ? make("optgroup", nodes, { label }) : nodes;
  }).flat());
};
const say = (message) => { byId("status").textContent = message; };
const copied = async (content, button) => {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(content);
  } catch {
    // Pages from a disk, and older browsers: through a selection.
    const area = make("textarea", content, { class: "visually-hidden" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = label; }, 1500);
};
const copier = (label, content) => {
  const button = make("button", label, { type: "button" });
  button.addEventListener("click", () => copied(content(), button));
  return button;
};

// Of each of data.measures: value, curve, the base's curve, and the half widths of both bands.
const unitOf = ([pair, layer, layers, n, date, commit, command, verdict, record, changes, ...scores]) => ({
  pair: text(pair), layer: text(layer), layers: text(layers).split(" "), n, date: text(date), commit: text(commit),
  command: text(command), verdict: text(verdict), record: text(record), changes,
  scores: scores.map(([value, ...packed]) => ({ value, curves: packed.slice(0, 2), widths: packed.slice(2) })),
});
// Row: [entry, rank, tied, low, high, score, ciLow, ciHigh, cells, unranked, flagged, what the audit cell tells, uncertainty by source]
