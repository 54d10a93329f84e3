"use strict";
// The page's behaviour. All text from records goes through textContent or esc(); nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  if (!data.boards.length) return;
  const byId = (id) => document.getElementById(id);
  const text = (i) => (i < 0 ? "" : data.texts[i]);
  const esc = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const state = { board: 0, scope: 0, kind: "" };
  const charts = [];

  const make = (tag, content, attributes = {}) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    for (const part of [].concat(content ?? [])) node.append(part);
    return node;
  };
  const number = (value, digits = 3, signed = false) => {
    if (value === null || value === undefined) return "–";
    const shown = Math.abs(value).toFixed(digits);
    const minus = value < 0 && Number(shown) !== 0;
    return (minus ? "−" : signed ? "+" : "") + shown;
  };
  const table = (caption, header, rows, numeric = []) => {
    const head = make("tr", header.map((h, i) => make("th", h, { scope: "col", class: numeric.includes(i) ? "n" : "" })));
    const body = rows.map((r) => make("tr", r.map((c, i) => make("td", c, { class: numeric.includes(i) ? "n" : "" }))));
    return make("table", [make("caption", caption), make("thead", head), make("tbody", body)]);
  };
  // Curves are two characters a layer: see pack_curve in render_html.py.
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  const curve = (i) => {
    const packed = text(i), values = [];
    for (let k = 0; k < packed.length; k += 2) {
      const level = alphabet.indexOf(packed[k]) * 64 + alphabet.indexOf(packed[k + 1]);
      values.push(level === 4095 ? null : (level - 2047) / 1000);
    }
    return values;
  };

  const unitOf = ([pair, layer, layers, n, gap, p1, date, commit, command, verdict, ...packed]) => ({
    pair: text(pair), layer: text(layer), layers: text(layers).split(" "), n, gap, p1, date: text(date), commit: text(commit),
    command: text(command), verdict: text(verdict), curves: packed,
  });

  const board = () => data.boards[state.board];
  const section = () => board().sections[state.scope];
  const entryOf = (row) => board().entries[row[0]];

  // Row: [entry, rank, tied, low, high, score, ciLow, ciHigh, cells, unranked]
  const last = 1e9;
  const by = (display, sort, filter) => (row, kind) =>
    kind === "display" ? display(row) : kind === "filter" ? (filter ?? display)(row) : sort(row);
  const low = (value) => (value === null || value === undefined ? -1e9 : value);
  const columns = [
    { render: by((r) => `<button type="button" class="open" aria-expanded="false" aria-label="Details of ${esc(entryOf(r).model)} ${esc(entryOf(r).adapter)}">+</button>`, () => 0, () => ""), orderable: false },
    { className: "n", render: by((r) => (r[1] === null ? "–" : `${r[1]}${r[2] ? "=" : ""}`), (r) => r[1] ?? last) },
    { className: "n", render: by((r) => (r[1] === null ? "–" : r[3] === r[4] ? `${r[3]}` : `${r[3]}–${r[4]}`), (r) => r[3] ?? last) },
    { className: "who", render: by((r) => `<bdi>${esc(entryOf(r).model)}</bdi>`, (r) => entryOf(r).model.toLowerCase()) },
    { className: "who", render: by((r) => `<bdi>${esc(entryOf(r).adapter)}</bdi>` + (r[9] ? ` <span class="small">(${esc(r[9])})</span>` : ""), (r) => entryOf(r).adapter.toLowerCase()) },
    { className: "n", render: by((r) => esc(number(r[5])) + (r[6] === null ? "" : ` <span class="small">[${esc(number(r[6]))}, ${esc(number(r[7]))}]</span>`), (r) => low(r[5])) },
    ...data.columns.map((column, i) => ({
      className: column.low ? "n low" : "n",
      render: by((r) => esc(number(r[8][i], column.digits, column.signed)), (r) => low(r[8][i])),
    })),
  ].map((column) => ({ data: null, searchable: column.className === "who", orderSequence: ["asc", "desc"], ...column }));
  for (const column of columns) if ((column.className ?? "").startsWith("n")) column.type = "num";
  for (const column of columns.slice(5)) column.orderSequence = ["desc", "asc"];

  const ranks = byId("ranks");
  ranks.tBodies[0].replaceChildren();
  const grid = new DataTable(ranks, {
    data: [], columns, order: [[1, "asc"], [5, "desc"]], pageLength: 50, deferRender: true, autoWidth: false,
    layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" },
    language: { emptyTable: "No rows", zeroRecords: "No row fits the filters" },
    createdRow: (tr, row) => tr.classList.toggle("unranked", row[1] === null),
  });

  const fill = (select, groups) => {
    select.replaceChildren(...groups.map(([label, options]) => {
      const nodes = options.map(([value, name]) => make("option", name, { value }));
      return label ? make("optgroup", nodes, { label }) : nodes;
    }).flat());
  };
  const fillScopes = () => {
    const names = { overall: "", family: "Families", language: "Languages", pair: "Pairs" };
    const groups = Object.entries(names).map(([kind, label]) => [
      label, board().sections.map((s, i) => [i, s.label, s.kind]).filter(([, , k]) => k === kind),
    ]);
    fill(byId("scope"), groups.filter(([, options]) => options.length));
  };
  const show = () => {
    const rows = section().rows.filter((row) => !state.kind || (entryOf(row).hasAdapter ? "adapter" : "base") === state.kind);
    grid.clear();
    grid.rows.add(rows);
    grid.draw();
    data.columns.forEach((column, i) => grid.column(6 + i).visible(board().columns.includes(column.id), false));
    const count = section().pairs.length;
    byId("caption").textContent = `${section().label}, ${count} pair${count > 1 ? "s" : ""}, ${board().title}`;
    byId("status").textContent = `${rows.length} rows`;
    sweep();
  };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = (label) => ({ label, stroke: css("--ink"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line") } });
  const plot = (place, describe, options, values) => {
    const draw = () => {
      place.replaceChildren();
      const width = Math.max(260, Math.min(760, place.clientWidth || 600));
      const chart = new uPlot({ width, height: 280, ...options() }, values, place);
      chart.root.querySelector("canvas").setAttribute("role", "img");
      chart.root.querySelector("canvas").setAttribute("aria-label", describe);
    };
    draw();
    charts.push({ place, draw });
  };
  const redraw = () => {
    const live = charts.filter(({ place }) => place.isConnected);
    charts.length = 0;
    charts.push(...live);
    for (const { draw } of live) draw();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let resized = 0;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 150); });

  const curves = (entry, unit, place) => {
    const layers = unit.layers;
    const named = [
      [entry.hasAdapter ? "gap, adapter" : "gap", unit.curves[0], "--c1", []], ["gap, base", unit.curves[2], "--c1", [6, 4]],
      [entry.hasAdapter ? "P@1, adapter" : "P@1", unit.curves[1], "--c2", []], ["P@1, base", unit.curves[3], "--c2", [6, 4]],
    ].filter(([, index]) => index >= 0).map(([name, index, colour, dash]) => ({ name, values: curve(index), colour, dash }));
    const chart = make("div", [], { class: "chart" });
    const rows = layers.map((layer, i) => [layer, ...named.map((s) => number(s.values[i]))]);
    const values = make("details", [make("summary", "The same as a table"),
      table(`Control words by layer, ${unit.pair}`, ["layer", ...named.map((s) => s.name)], rows, named.map((_, i) => i + 1))]);
    place.replaceChildren(chart, values);
    plot(chart, `Curves by layer for ${unit.pair}: ${named.map((s) => s.name).join(", ")}; values in the table below`, () => ({
      scales: { x: { time: false } },
      axes: [{ ...axis("layer"), values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? layers[t] ?? "" : "")) }, axis("score")],
      series: [{ label: "layer", value: (_, v) => (v === null ? "" : layers[v]) }, ...named.map((s) => ({
        label: s.name, stroke: css(s.colour), dash: s.dash, width: 2, value: (_, v) => number(v),
      }))],
    }), [layers.map((_, i) => i), ...named.map((s) => s.values)]);
  };

  const detail = (row) => {
    const entry = entryOf(row), node = make("div", [], { class: "detail" });
    const all = entry.units.map(unitOf);
    const units = section().pairs.map((pair) => all.find((u) => u.pair === pair)).filter(Boolean);
    const heading = make("h3", `${entry.model}, ${entry.adapter}`);
    const scores = table("Scores by pair", ["pair", "words", "layer", "gap", "P@1", "date", "commit", "verdict"],
      units.map((u) => [u.pair, String(u.n), u.layer, number(u.gap), number(u.p1), u.date, u.commit, u.verdict]), [1, 3, 4]);
    const averages = table(section().label, ["measure", "value"],
      data.columns.map((c, i) => [c.label, number(row[8][i], c.digits, c.signed)]).filter(([, v]) => v !== "–"), [1]);
    const chosen = make("select", units.map((u, i) => make("option", u.pair, { value: i })));
    const place = make("div", []);
    chosen.addEventListener("change", () => curves(entry, units[chosen.value], place));
    const signature = table("Signature", ["part", "value"], Object.entries(entry.signature).map(([k, v]) =>
      [k, make("span", typeof v === "string" ? v : JSON.stringify(v), { class: "mono" })]));
    const commands = [...new Set(units.map((u) => u.command))].map((c) => make("p", make("code", c)));
    const scroll = (child, label) => make("div", child, { class: "scroll", role: "region", "aria-label": label, tabindex: 0 });
    node.append(heading, averages, scroll(scores, "Scores by pair"), make("h3", "Layer curves, control words"),
      make("label", ["Pair", chosen]), place, make("h3", "Reproduce"), ...commands,
      make("details", [make("summary", "Signature"), scroll(signature, "Signature")]));
    return { node, start: () => units.length && curves(entry, units[0], place) };
  };
  ranks.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const row = grid.row(button.closest("tr"));
    const open = !row.child.isShown();
    if (open) {
      const { node, start } = detail(row.data());
      row.child(node).show();
      start();
    } else {
      row.child.hide();
    }
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "−" : "+";
  });

  const gain = data.columns.findIndex((c) => c.id === "gap_change");
  const sweep = () => {
    const points = section().rows.map((row) => ({ entry: entryOf(row), gain: row[8][gain] }))
      .filter((p) => p.entry.parameters && p.gain !== null && p.gain !== undefined)
      .sort((a, b) => a.entry.parameters - b.entry.parameters);
    byId("sweep").hidden = !points.length;
    if (!points.length) return;
    const kinds = [...new Set(points.map((p) => p.entry.recipe))].sort();
    const colours = ["--c1", "--c2", "--c3", "--c4"];
    const rows = points.map((p) => [p.entry.model, p.entry.adapter, p.entry.recipe, p.entry.rank ?? "–",
      p.entry.parameters.toLocaleString("en"), number(p.gain, 3, true)]);
    byId("sweep-table").replaceChildren(table("Adapters by parameters",
      ["model", "adapter", "recipe", "LoRA rank", "trainable parameters", "gain"], rows, [3, 4, 5]));
    byId("sweep-chart").replaceChildren();
    plot(byId("sweep-chart"), "Gain in control gap against trainable parameters; values in the table below", () => ({
      scales: { x: { time: false, distr: 3 } },
      axes: [axis("trainable parameters"), axis("gain in control gap")],
      series: [{ label: "parameters" }, ...kinds.map((kind, i) => ({
        label: kind, stroke: css(colours[i % 4]), paths: () => null, points: { show: true, size: 9, fill: css(colours[i % 4]) },
        value: (_, v) => number(v, 3, true),
      }))],
    }), [points.map((p) => p.entry.parameters), ...kinds.map((kind) => points.map((p) => (p.entry.recipe === kind ? p.gain : null)))]);
  };

  fill(byId("board"), [["", data.boards.map((b, i) => [i, b.title])]]);
  fillScopes();
  byId("controls").hidden = false;
  byId("board").addEventListener("change", (e) => { state.board = Number(e.target.value); state.scope = 0; fillScopes(); show(); });
  byId("scope").addEventListener("change", (e) => { state.scope = Number(e.target.value); show(); });
  byId("kind").addEventListener("change", (e) => { state.kind = e.target.value; show(); });
  byId("search").addEventListener("input", (e) => { grid.search(e.target.value).draw(); byId("status").textContent = `${grid.rows({ search: "applied" }).count()} rows`; });
  show();
})();
