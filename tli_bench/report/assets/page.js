"use strict";
// The page's behaviour. All text from records goes through textContent or esc(); nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
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
  const curve = (i) => unpack(text(i));
  const unpack = (packed) => {
    const values = [];
    for (let k = 0; k < packed.length; k += 2) {
      const level = alphabet.indexOf(packed[k]) * 64 + alphabet.indexOf(packed[k + 1]);
      values.push(level === 4095 ? null : (level - 2047) / 1000);
    }
    return values;
  };
  // Half widths of bands, one character a layer: see pack_widths there.
  const halves = (i) => [...text(i)].map((c) => (c === "_" ? null : 0.001 * 1.12 ** alphabet.indexOf(c)));
  const between = (values, widths) => [-1, 1].map((side) => values.map((v, i) => (v === null || widths[i] === null ? null : v + side * widths[i])));
  // Wilson's 95 % interval of a share of n words.
  const wilson = (values, n) => [-1, 1].map((side) => values.map((p) => {
    const z = 1.96;
    return p === null ? null : (p + z * z / (2 * n) + side * z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
  }));

  // Of each of data.measures: value, curve, the base's curve, and the half widths of both bands.
  const unitOf = ([pair, layer, layers, n, date, commit, command, verdict, ...scores]) => ({
    pair: text(pair), layer: text(layer), layers: text(layers).split(" "), n, date: text(date), commit: text(commit),
    command: text(command), verdict: text(verdict),
    scores: scores.map(([value, ...packed]) => ({ value, curves: packed.slice(0, 2), widths: packed.slice(2) })),
  });

  for (const { sections } of data.boards) for (const { rows } of sections)
    for (const row of rows) if (typeof row[8] === "string") row[8] = unpack(row[8]);
  const board = () => data.boards[state.board];
  const section = () => board().sections[state.scope];
  const entryOf = (row) => board().entries[row[0]];

  // Row: [entry, rank, tied, low, high, score, ciLow, ciHigh, cells, unranked, flagged, what the audit cell tells]
  const last = 1e9;
  const by = (display, sort, filter) => (row, kind) =>
    kind === "display" ? display(row) : kind === "filter" ? (filter ?? display)(row) : sort(row);
  const low = (value) => (value === null || value === undefined ? -1e9 : value);
  const marked = (r, column, i) => number(r[8][i], column.digits, column.signed) + (i === data.audit && r[10] ? ` ${data.flag}` : "");
  const cell = (r, column, i) => (i === data.audit && r[11]
    ? `<span title="${esc(r[11])}">${esc(marked(r, column, i))}<span class="visually-hidden"> (${esc(r[11])})</span></span>`
    : esc(marked(r, column, i)));
  const columns = [
    { render: by((r) => `<button type="button" class="open" aria-expanded="false" aria-label="Details of ${esc(entryOf(r).model)} ${esc(entryOf(r).training)}">+</button>`, () => 0, () => ""), orderable: false },
    { className: "n", render: by((r) => (r[1] === null ? "–" : `${r[1]}${r[2] ? "=" : ""}`), (r) => r[1] ?? last) },
    { className: "n low", render: by((r) => (r[1] === null ? "–" : r[3] === r[4] ? `${r[3]}` : `${r[3]}–${r[4]}`), (r) => r[3] ?? last) },
    { className: "who", render: by((r) => `<bdi>${esc(entryOf(r).model)}</bdi>`, (r) => entryOf(r).model.toLowerCase()) },
    { className: "who", render: by((r) => `<bdi>${esc(entryOf(r).training)}</bdi>` + (entryOf(r).kind === "full" ? ` <span class="small">(full fine-tuning)</span>` : "") + (r[9] ? ` <span class="small">(${esc(r[9])})</span>` : ""), (r) => entryOf(r).training.toLowerCase()) },
    { className: "n", render: by((r) => esc(number(r[5])) + (r[6] === null ? "" : ` <span class="small">[${esc(number(r[6]))}, ${esc(number(r[7]))}]</span>`), (r) => low(r[5])) },
    ...data.columns.map((column, i) => ({
      className: column.low ? "n low" : "n",
      render: by((r) => cell(r, column, i), (r) => low(r[8][i])),
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
    const rows = section().rows.filter((row) => !state.kind || entryOf(row).kind === state.kind);
    grid.clear();
    grid.rows.add(rows);
    grid.draw();
    data.columns.forEach((column, i) => grid.column(6 + i).visible(board().columns.includes(column.id), false));
    const count = section().pairs.length;
    byId("caption").textContent = `${section().label}, ${count} pair${count > 1 ? "s" : ""}, ${board().title}`;
    byId("status").textContent = `${rows.length} rows`;
    fillContests();
  };

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colours = ["--c1", "--c2", "--c3", "--c4"], glyphs = "●■▲◆";
  const shapes = [
    (c, x, y, r) => c.arc(x, y, r, 0, 7),
    (c, x, y, r) => c.rect(x - r, y - r, 2 * r, 2 * r),
    (c, x, y, r) => { c.moveTo(x, y - 1.3 * r); c.lineTo(x + 1.2 * r, y + r); c.lineTo(x - 1.2 * r, y + r); },
    (c, x, y, r) => { c.moveTo(x, y - 1.4 * r); c.lineTo(x + 1.4 * r, y); c.lineTo(x, y + 1.4 * r); c.lineTo(x - 1.4 * r, y); },
  ];
  const range = (numbers) => {
    const known = numbers.flat(Infinity).filter((v) => v !== null && v !== undefined);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const room = 0.06 * (high - low || 1);
    return [low - room, high + room];
  };
  // Series: name, values, look (colour and shape), dash, ends ([low, high]) drawn as a band or as bars, marks (texts at the points).
  const plot = (place, describe, { x, axes, log, series, zero, level }) => {
    const draw = () => {
      place.replaceChildren();
      const width = Math.max(260, Math.min(760, place.clientWidth || 600)), ratio = devicePixelRatio;
      const axis = (given) => ({ stroke: css("--ink"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line") }, ...given });
      const colour = (s) => css(colours[s.look % colours.length]);
      const px = (u, i, dodge) => u.valToPos(x[i], "x", true) + (dodge?.[i] ?? 0) * 14 * ratio;
      const py = (u, v) => u.valToPos(v, "y", true);
      const band = (u) => {
        for (const s of series.filter((one) => one.ends && !one.bars)) {
          const known = x.map((_, i) => i).filter((i) => s.ends[0][i] !== null);
          if (known.length < 2) continue;
          u.ctx.save(); u.ctx.beginPath();
          for (const [side, order] of [[1, known], [0, [...known].reverse()]])
            for (const i of order) u.ctx.lineTo(px(u, i), py(u, s.ends[side][i]));
          u.ctx.globalAlpha = 0.18; u.ctx.fillStyle = colour(s); u.ctx.fill(); u.ctx.restore();
        }
      };
      const points = (u) => {
        const c = u.ctx;
        c.save(); c.lineWidth = 1.6 * ratio; c.font = `${11 * ratio}px system-ui, sans-serif`; c.textAlign = "left"; c.textBaseline = "alphabetic";
        for (const s of series) s.values.forEach((v, i) => {
          if (v === null || v === undefined) return;
          const left = px(u, i, s.dodge), size = (s.bars ? 4.5 : 2.6) * ratio;
          c.strokeStyle = c.fillStyle = colour(s);
          if (s.bars && s.ends[0][i] !== null) {
            c.beginPath();
            c.moveTo(left, py(u, s.ends[0][i])); c.lineTo(left, py(u, s.ends[1][i]));
            for (const end of s.ends) { c.moveTo(left - size, py(u, end[i])); c.lineTo(left + size, py(u, end[i])); }
            c.stroke();
          }
          c.beginPath(); shapes[s.look % shapes.length](c, left, py(u, v), size); c.fill();
          if (s.marks) { c.fillStyle = css("--ink"); c.fillText(s.marks[i], left + size + 3 * ratio, py(u, v) - size); }
        });
        for (const [y, name] of [...(zero ? [[0, ""]] : []), ...(level ?? [])]) {
          c.strokeStyle = c.fillStyle = css("--ink"); c.lineWidth = ratio; c.setLineDash(name ? [5 * ratio, 4 * ratio] : []);
          c.beginPath(); c.moveTo(u.bbox.left, py(u, y)); c.lineTo(u.bbox.left + u.bbox.width, py(u, y)); c.stroke();
          c.fillText(name, u.bbox.left + 6 * ratio, py(u, y) - 5 * ratio);
        }
        c.restore();
      };
      const values = series.map((s) => [s.values, s.ends ?? []]);
      // Whole decades, so that the axis has labels; half a step around ranks, which label themselves.
      const edge = (round, v) => (log === 10 ? 10 ** round(Math.log10(v) + (round(0.5) - 0.5) * 0.1) : v * log ** (round(0.5) - 0.5));
      const chart = new uPlot({
        width, height: 300, padding: [10, 24, 0, 0],
        scales: {
          x: { time: false, ...(log ? { distr: 3, log, range: () => [edge(Math.floor, Math.min(...x)), edge(Math.ceil, Math.max(...x))] } : {}) },
          y: { range: () => range([values, zero ? 0 : [], (level ?? []).map(([y]) => y)]) },
        },
        axes: axes.map(axis),
        hooks: { drawAxes: [band], draw: [points] },
        series: [{ label: axes[0].name ?? axes[0].label, value: (_, v) => (v === null ? "" : axes[0].shown?.(v) ?? v) }, ...series.map((s) => ({
          label: `${glyphs[s.look % glyphs.length]} ${s.name}`, stroke: colour(s), dash: s.dash, width: 2, points: { show: false },
          value: (_, v) => number(v, 3, Boolean(zero)), ...(s.line === false ? { paths: () => null } : { spanGaps: true }),
        }))],
      }, [x, ...series.map((s) => s.values)], place);
      chart.root.querySelector("canvas").setAttribute("role", "img");
      chart.root.querySelector("canvas").setAttribute("aria-label", describe);
    };
    draw();
    for (let i = charts.length; i--;) if (charts[i].place === place) charts.splice(i, 1);
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
    const { layers, n } = unit, trained = entry.kind !== "base";
    const named = data.measures.flatMap(({ label, share }, look) => [trained ? ", trained" : "", ", base (dashed)"].map((who, side) => {
      const { curves, widths } = unit.scores[look];
      if (curves[side] < 0) return null;
      const values = curve(curves[side]);
      const ends = share ? wilson(values, n) : widths[side] >= 0 ? between(values, halves(widths[side])) : null;
      return { name: label + who, label, share, values, dash: side ? [6, 4] : [], look, ends };
    })).filter(Boolean);
    const chart = make("div", [], { class: "chart" });
    const rows = layers.map((layer, i) => [layer, ...named.map((s) => number(s.values[i]))]);
    const labels = (fits) => [...new Set(named.filter(fits).map((s) => s.label))].join(", ");
    const banded = labels((s) => s.ends && !s.share), shares = labels((s) => s.share), bare = labels((s) => !s.ends);
    const note = make("p", `Bands are 95 % over the ${n} words, layer by layer: ` +
      [banded && `${banded} plus or minus 1.96 standard errors`, shares && `Wilson's interval for ${shares}`].filter(Boolean).join(", ") + "." +
      (bare ? ` No band for ${bare}: its interval is known at the chosen layers only.` : ""), { class: "soft" });
    const values = make("details", [make("summary", "The same as a table"),
      table(`Control words by layer, ${unit.pair}`, ["layer", ...named.map((s) => s.name)], rows, named.map((_, i) => i + 1))]);
    place.replaceChildren(chart, note, values);
    plot(chart, `Curves by layer for ${unit.pair}: ${named.map((s) => s.name).join(", ")}; values in the table below`, {
      x: layers.map((_, i) => i), series: named,
      axes: [{ label: "layer", values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? layers[t] ?? "" : "")), shown: (v) => layers[v] },
        { label: "score on control words" }],
    });
  };

  const detail = (row) => {
    const entry = entryOf(row), node = make("div", [], { class: "detail" });
    const all = entry.units.map(unitOf);
    const units = section().pairs.map((pair) => all.find((u) => u.pair === pair)).filter(Boolean);
    const heading = make("h3", `${entry.model}, ${entry.training}`);
    const scores = table("Scores by pair", ["pair", "words", "layer", ...data.measures.map((m) => m.label), "date", "commit", "verdict, base at the same layer"],
      units.map((u) => [u.pair, String(u.n), u.layer, ...u.scores.map((s) => number(s.value)), u.date, u.commit, u.verdict]),
      [1, ...data.measures.map((_, i) => 3 + i)]);
    const averages = table(section().label, ["measure", "value"],
      data.columns.map((c, i) => [c.label, marked(row, c, i)]).filter(([, v]) => v !== "–"), [1]);
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
    const interval = () => make("span", `[${number(low, 3, true)}, ${number(high, 3, true)}]`, { class: "small" });
    return value === null ? "–" : make("span", [`${number(value, 3, true)} `, interval()]);
  };
  const trainings = () => {
    const [base, values, packed] = contests()[byId("contest").selectedIndex], which = byId("quantity").selectedIndex;
    const rows = packed.map(([i, changes, english], k) => {
      const numbers = unpack(changes);
      return { entry: board().entries[i], mark: String(k + 1), changes: data.quantities.map((_, q) => numbers.slice(3 * q, 3 * q + 3)), english };
    });
    const english = rows.some((row) => row.english !== null);
    const cells = rows.map(({ entry, mark, changes, english: change }) => [mark, data.kinds[entry.how], entry.training, entry.pair, entry.loss,
      entry.parameters?.toLocaleString("en") ?? "–", ...changes.map(changed), ...(english ? [number(change, 3, true)] : [])]);
    const head = ["#", "kind", "training", "trained on", "loss layer", "parameters", ...data.quantities, ...(english ? ["English"] : [])];
    const first = ["", "untrained", "base", "–", "–", "–", ...values.map((v) => number(v)), ...(english ? ["–"] : [])];
    byId("trainings-table").replaceChildren(table(`${section().label}: change against the base, whose own values stand in the first row`,
      head, [first, ...cells], head.map((_, i) => i).filter((i) => i > 4)));
    const drawn = rows.filter((row) => row.entry.parameters && row.changes[which][0] !== null).sort((a, b) => a.entry.parameters - b.entry.parameters);
    byId("trainings-chart").replaceChildren();
    if (!drawn.length) return;
    const x = drawn.map((row) => row.entry.parameters);
    // Contenders of one size stand beside each other, not on each other.
    const dodge = x.map((size, i) => i - x.indexOf(size) - (x.filter((other) => other === size).length - 1) / 2);
    const kinds = Object.keys(data.kinds).filter((kind) => drawn.some((row) => row.entry.how === kind));
    const only = (kind, value) => drawn.map((row) => (row.entry.how === kind ? value(row) : null));
    plot(byId("trainings-chart"), `${data.quantities[which]}: change against the base by trainable parameters; values in the table below`, {
      x, log: 10, zero: true,
      axes: [{ label: "trainable parameters (numbers: rows of the table)", name: "parameters", shown: (v) => v.toLocaleString("en"),
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
      axes: [{ label: "LoRA rank", splits: () => x, values: (_, ticks) => ticks }, { label: "change against the base" }],
      level: found.filter((line) => line.level).map(({ label, level: [value, low, high] }) =>
        [value, `${label}: ${number(value, 3, true)}` + (low === undefined ? "" : ` [${number(low, 3, true)}, ${number(high, 3, true)}]`)]),
      series: lines.map((line, i) => ({ name: line.label, look: i, dash: [[], [8, 4], [2, 3], [10, 3, 2, 3]][i % 4], bars: true,
        values: read(line, 1), ends: [read(line, 2), read(line, 3)] })),
    });
  };

  fill(byId("quantity"), [["", data.quantities.map((name, i) => [i, name])]]);
  fill(byId("sweep"), [["", data.sweeps.map((sweep, i) => [i, sweep.title])]]);
  fill(byId("score"), [["", data.scores.map((name, i) => [i, name])]]);
  byId("contest").addEventListener("change", trainings);
  byId("quantity").addEventListener("change", trainings);
  byId("sweep").addEventListener("change", sweeps);
  byId("score").addEventListener("change", sweeps);
  if (data.sweeps.length) {
    byId("sweeps").hidden = false;
    sweeps();
  }
  if (!data.boards.length) return;
  fill(byId("board"), [["", data.boards.map((b, i) => [i, b.title])]]);
  fillScopes();
  byId("controls").hidden = false;
  byId("board").addEventListener("change", (e) => { state.board = Number(e.target.value); state.scope = 0; fillScopes(); show(); });
  byId("scope").addEventListener("change", (e) => { state.scope = Number(e.target.value); show(); });
  byId("kind").addEventListener("change", (e) => { state.kind = e.target.value; show(); });
  byId("search").addEventListener("input", (e) => { grid.search(e.target.value).draw(); byId("status").textContent = `${grid.rows({ search: "applied" }).count()} rows`; });
  show();
})();
