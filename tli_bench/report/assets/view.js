// The page of one's own runs.
const held = (id) => JSON.parse(byId(id).textContent);
const short = (value, signed = false) => number(value, 2, signed);
const interval = (low, high) => (low === null || high === null || low === undefined ? "" : ` [${short(low)}, ${short(high)}]`);
const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

// Packed as in embed.py and view_words.py.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const digits = (text, width) => {
  const values = [];
  for (let k = 0; k < text.length; k += width) {
    let value = 0;
    for (let i = k; i < k + width; i++) value = value * 64 + alphabet.indexOf(text[i]);
    values.push(value);
  }
  return values;
};
const curve = (packed) => digits(packed, 2).map((level) => (level === 4095 ? null : (level - 2047) / 1000));
const numbers = ([width, text, none]) => digits(text, width).map((value) => (value === none ? null : value));

const FOUND = 0.5;
const NAMES = { base: "base", adapted: "adapted", twin: "twin" };
const KINDS = { pos: "part of speech", frequency: "frequency", origin: "origin", parts: "phrase", form: "spelling", overlap: "spelling overlap" };
const COLUMNS = ["pos", "frequency", "origin"];
const kindName = (kind) => KINDS[kind] ?? kind;
const records = held("data-list");
let current = null, state = {}, grid = null, list = null, drawn = null;

// The address: record, layer, comparison, filter, group, search, order, page. Only values that the record knows count.
const address = () => {
  const part = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value !== "" && value !== current?.usual[name]) part.set(name, value);
  return `#${part}`;
};
const remember = (push = false) => {
  if (address() !== location.hash) history[push ? "pushState" : "replaceState"](null, "", address());
};

// DataTables reads titles, and what it searches, as HTML: both are escaped.
const dataTable = (table, options) => new DataTable(table, {
  deferRender: true, autoWidth: false, layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" }, ...options,
  columns: options.columns.map((column) => ({ ...column, title: esc(column.title) })),
  createdRow: (tr, row, _, cells) => {
    cells.forEach((cell, i) => { cell.dataset.label = options.columns[i].title; cell.classList.toggle("first", i === 0); cell.classList.toggle("empty", cell.textContent.trim() === ""); });
    options.rowMade?.(tr, row);
  },
  drawCallback() { const api = this.api(); api.table().container().querySelector(".dt-paging")?.toggleAttribute("hidden", api.page.info().pages < 2); },
});
const by = (display, sort, filter) => (row, kind) => (kind === "display" ? display(row) : kind === "filter" ? esc((filter ?? display)(row)) : sort(row));
const plain = (of) => by((row) => `<bdi>${esc(of(row))}</bdi>`, (row) => of(row).toLowerCase(), of);

const who = (line) => line.adapter === "–" ? line.model : `${line.model} + ${line.adapter}`;
const fillList = () => {
  const table = byId("records");
  table.tHead.remove();
  table.tBodies[0].remove();
  const link = (r) => `<a href="#record=${r.id}" aria-label="${esc(`${r.verdict}: ${r.pair}, ${who(r)}, ${r.date}`)}">${esc(r.verdict)}</a>` + (r.flags.length ? ` <span class="mark">${esc(r.flags.join(", "))}</span>` : "");
  const columns = [
    { title: "Verdict", render: by(link, (r) => r.verdict, (r) => `${r.verdict} ${r.flags.join(" ")}`) },
    { title: "Pair", render: plain((r) => r.pair) },
    { title: "Model", render: plain((r) => r.model) },
    { title: "Adapter", render: plain((r) => r.adapter) },
    { title: "Score", className: "n", type: "num", render: by((r) => esc(r.values.map((v) => number(v, 3)).join(" → ")), (r) => r.values.at(-1) ?? -1) },
    { title: "Protocol", render: plain((r) => r.protocol) },
    { title: "Made", render: plain((r) => r.date) },
  ].map((column) => ({ data: null, type: "string", orderSequence: ["asc", "desc"], ...column }));
  const many = records.length > 10;
  list = dataTable(table, {
    data: records, columns, order: [], pageLength: 10, paging: many, info: many,
    language: { zeroRecords: "No record has all these words", info: "_START_ to _END_ of _TOTAL_ records", infoEmpty: "", infoFiltered: "" },
    rowMade: (tr, row) => { tr.dataset.record = row.id; },
  });
  document.querySelector(".list-controls").hidden = !many;
  byId("find").addEventListener("input", (e) => list.search(e.target.value).draw());
  list.on("draw", markChosen);
};
const markChosen = () => {
  for (const tr of document.querySelectorAll("#records tbody tr")) {
    const chosen = tr.dataset.record === state.record;
    tr.classList.toggle("chosen", chosen);
    const link = tr.querySelector("a");
    if (link) chosen ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }
};

// A record is parsed when it is looked at.
const load = (index) => {
  const body = held(`data-record-${index}`), layers = body.shown;
  const given = body.words < 0 ? { words: [], alike: "", accepted: [], labels: {} } : held(`data-words-${body.words}`);
  const labels = Object.fromEntries(Object.entries(given.labels).map(([kind, [names, of]]) => [kind, { names, of: numbers(of) }]));
  const alike = curve(given.alike);
  const words = given.words.map(([concept, source, target], i) => ({
    i, concept, source, target, alike: alike[i], also: [], labels: Object.fromEntries(Object.entries(labels).map(([kind, l]) => [kind, l.names[l.of[i]]])),
  }));
  for (const [i, j] of given.accepted) words[i].also.push(words[j].target);
  const has = body.states, comparisons = [];
  if (has.includes("adapted")) comparisons.push(["base", "adapted"]);
  if (has.includes("twin")) comparisons.push(["twin", "adapted"], ["base", "twin"]);
  for (const one of has) comparisons.push([one, one]);
  const usual = { layer: layers[0] ?? "", compare: comparisons[0]?.join("-") ?? "", filter: "all", group: "", search: "", order: "", page: "0", measure: "0" };
  return { index, line: records[index], body, layers, labels, words, usual, comparisons: comparisons.map((pair) => pair.join("-")) };
};
const compared = () => state.compare.split("-");

// Each word before and after, at the layer and under the comparison that are chosen.
const fillWords = () => {
  const at = current.body.at[state.layer] ?? {}, [before, after] = compared();
  const read = (name) => {
    const one = at[name];
    if (!one) return null;
    const near = one.near?.map(numbers);
    return { score: one.score === null ? null : curve(one.score), near };
  };
  const [x, y] = [read(before), read(after)];
  for (const word of current.words) {
    const pick = (side) => (side ? { score: side.score?.[word.i] ?? null, near: side.near?.map((column) => column[word.i]) } : { score: null });
    word.before = pick(x);
    word.after = pick(y);
    word.change = before === after || word.before.score === null || word.after.score === null ? null : word.after.score - word.before.score;
    const [was, is] = [word.before, word.after].map(({ score }) => score !== null && score >= FOUND);
    const scored = word.before.score !== null && word.after.score !== null;
    word.lost = scored && was && !is;
    word.gained = scored && !was && is;
    word.fails = word.after.score !== null && !is;
    word.found = word.after.score !== null && is;
  }
};
const FILTERS = { all: ["all", () => true], fails: ["fail", (w) => w.fails], found: ["found", (w) => w.found], lost: ["lost", (w) => w.lost], gained: ["gained", (w) => w.gained] };
const inGroup = (word) => {
  const [kind, name] = splitGroup(state.group);
  return !kind || word.labels[kind] === name;
};
const splitGroup = (group) => { const at = group.indexOf(":"); return at < 0 ? ["", ""] : [group.slice(0, at), group.slice(at + 1)]; };
const shownWords = () => current.words.filter((w) => FILTERS[state.filter][1](w) && inGroup(w));

const near = (word, side) => {
  const column = word.after.near?.[2 + side], rank = word.after.near?.[side];
  if (column === undefined || column === null) return "";
  const other = current.words[column], form = side ? other.source : other.target;
  const concept = other.concept === form ? "" : ` <span class="small">${esc(other.concept)}</span>`;
  return `<span class="near${rank === 1 ? " right" : ""}"><bdi>${esc(form)}</bdi>${concept}</span>`;
};
const ranks = (word, side) => {
  const [was, is] = [word.before.near?.[side], word.after.near?.[side]];
  const both = compared()[0] !== compared()[1];
  return is === undefined ? "" : both ? `${was ?? "–"} → ${is ?? "–"}` : `${is ?? "–"}`;
};
const scores = (word) => (compared()[0] === compared()[1] ? short(word.after.score) : `${short(word.before.score)} → ${short(word.after.score)}`);
const sortable = (value, missing = 2e9) => (value === null || value === undefined ? missing : value);
const wordColumns = () => {
  const [source, target] = current.body.languages, both = compared()[0] !== compared()[1];
  const hasNear = Boolean(current.words[0]?.after.near);
  const marks = (w) => (w.lost ? ' <span class="mark lost">lost</span>' : w.gained ? ' <span class="mark gained">gained</span>' : "");
  const nearColumn = (side) => ({ title: `Nearest wrong ${side ? source : target}`, render: by((w) => near(w, side), (w) => { const c = w.after.near?.[2 + side]; return c === null || c === undefined ? "" : current.words[c].concept; }, () => "") });
  const rankColumn = (side) => ({ title: `Rank ${side ? `of the ${source} word` : `of the ${target} word`}`, className: "n", type: "num", render: by((w) => esc(ranks(w, side)), (w) => sortable(w.after.near?.[side])) });
  return [
    { title: "Concept", render: plain((w) => w.concept) },
    { title: source === target ? `${source} (source)` : source, render: plain((w) => w.source) },
    { title: source === target ? `${target} (target)` : target, render: by((w) => `<bdi>${esc(w.target)}</bdi>` + (w.also.length ? ` <span class="small">or ${w.also.map((f) => `<bdi>${esc(f)}</bdi>`).join(", ")}</span>` : ""), (w) => w.target.toLowerCase(), (w) => [w.target, ...w.also].join(" ")) },
    { title: "Score", className: "n", type: "num", render: by((w) => esc(scores(w)) + marks(w), (w) => sortable(w.after.score)) },
    ...(both ? [{ title: "Change", className: "n", type: "num", render: by((w) => esc(short(w.change, true)), (w) => sortable(w.change)) }] : []),
    ...(hasNear ? [rankColumn(0), nearColumn(0), rankColumn(1), nearColumn(1)] : []),
    ...COLUMNS.filter((kind) => kind in current.labels).map((kind) => ({ title: kindName(kind)[0].toUpperCase() + kindName(kind).slice(1), render: plain((w) => w.labels[kind]) })),
    { title: "Spelling alike", className: "n", type: "num", render: by((w) => esc(short(w.alike)), (w) => sortable(w.alike)) },
  ].map((column) => ({ data: null, type: "string", orderSequence: ["asc", "desc"], searchable: column.type !== "num", ...column }));
};
const showTable = () => {
  const old = byId("words"), fresh = make("table", make("caption", "Control words", { class: "visually-hidden" }), { id: "words", class: "cards" });
  grid?.destroy();
  old.replaceWith(fresh);
  const columns = wordColumns(), score = columns.findIndex((c) => c.title === "Score");
  const [column, direction] = state.order.split(".");
  const chosen = columns[column] && ["asc", "desc"].includes(direction) ? [[Number(column), direction]] : [[score, "asc"]];
  grid = dataTable(fresh, { data: shownWords(), columns, order: chosen, pageLength: matchMedia("(max-width: 40rem)").matches ? 10 : 25, language: { zeroRecords: "No word fits the filters", emptyTable: "No word fits the filters", info: "_START_ to _END_ of _TOTAL_ words", infoEmpty: "", infoFiltered: "" } });
  if (state.search) grid.search(state.search).draw();
  const page = Number(state.page);
  if (Number.isInteger(page) && page > 0 && page < grid.page.info().pages) grid.page(page).draw("page");
  const ways = columns.flatMap(({ title, type }, i) => (type === "num" ? [["asc", "lowest first"], ["desc", "highest first"]] : [["asc", "A to Z"]]).map(([way, told]) => [`${i}.${way}`, `${title}, ${told}`]));
  fill(byId("order"), [["", ways]], chosen[0].join("."));
  grid.on("order", () => { const [[at, way] = []] = grid.order(); state.order = at === undefined || (at === score && way === "asc") ? "" : `${at}.${way}`; state.page = "0"; remember(); });
  grid.on("page", () => { state.page = String(grid.page()); remember(); });
  tell();
};
const mean = (values) => { const known = values.filter((v) => v !== null); return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null; };
const tell = () => {
  const rows = grid.rows({ search: "applied" }).data().toArray(), [before, after] = compared();
  const label = current.body.headline, both = before !== after;
  const [x, y] = [mean(rows.map((w) => w.before.score)), mean(rows.map((w) => w.after.score))];
  const said = y === null ? "" : both ? `, ${label} ${number(x, 3)} → ${number(y, 3)}` : `, ${label} ${number(y, 3)}`;
  const [kind, name] = splitGroup(state.group);
  const sides = both ? `${before} → ${after}` : after;
  const which = [`Layer ${state.layer}`, sides, state.filter === "all" ? "" : FILTERS[state.filter][0], kind && `${kindName(kind)}: ${name}`, state.search && `“${state.search}”`].filter(Boolean).join(", ");
  byId("status").textContent = `${which}: ${rows.length.toLocaleString("en")} of ${count(current.words.length, "control word")}${said}`;
};
const showFilters = () => {
  const both = compared()[0] !== compared()[1];
  byId("filters").replaceChildren(...Object.entries(FILTERS).filter(([name]) => both || !["lost", "gained"].includes(name)).map(([name, [label, fits]]) => {
    const n = current.words.filter((w) => fits(w) && inGroup(w)).length;
    return make("button", `${label} ${n.toLocaleString("en")}`, { type: "button", "aria-pressed": String(state.filter === name), "data-filter": name });
  }));
};
const fill = (select, groups, value) => {
  select.replaceChildren(...groups.map(([label, options]) => {
    const nodes = options.map(([key, name]) => make("option", name, { value: key }));
    return label ? [make("optgroup", nodes, { label })] : nodes;
  }).flat());
  select.value = value;
};
const fillGroups = () => {
  const options = Object.entries(current.labels).map(([kind, { names }]) => [kindName(kind), names.map((name) =>
    [`${kind}:${name}`, `${name} (${current.words.filter((w) => w.labels[kind] === name).length})`])]);
  fill(byId("group"), [["", [["", "all words"]]], ...options], state.group);
};

const table = (caption, header, rows, numeric = []) => make("table", [
  make("caption", caption, { class: "visually-hidden" }),
  make("thead", make("tr", header.map((h, i) => make("th", h, { scope: "col", class: numeric.includes(i) ? "n" : "" })))),
  make("tbody", rows.map((r) => make("tr", r.map((c, i) => (c instanceof Element && c.tagName === "TH" ? c : make("td", c, { class: numeric.includes(i) ? "n" : "" })))))),
]);
const showGroups = () => {
  const here = current.body.strata.filter(([, layer]) => layer === state.layer), [before, after] = compared();
  const states = before === after ? [after] : [before, after], kinds = [...new Set(here.map(([, , kind]) => kind))];
  const tallies = before === after ? ["fail"] : ["lost", "gained", "fail"];
  const header = ["group", "words", ...states.map((s) => `${NAMES[s] ?? s} [95 %]`), ...tallies];
  const rows = kinds.flatMap((kind) => [
    [make("th", kindName(kind), { scope: "rowgroup", colspan: header.length })],
    ...[...new Set(here.filter(([, , k]) => k === kind).map(([, , , name]) => name))].map((name) => {
      const one = (s) => here.find((item) => item[0] === s && item[2] === kind && item[3] === name);
      const inside = current.words.filter((w) => w.labels[kind] === name);
      const known = kind in current.labels;
      const go = known ? make("button", name, { type: "button", class: "link", "data-group": `${kind}:${name}` }) : name;
      return [go, String(one(after)?.[4] ?? "–"), ...states.map((s) => { const [, , , , , v, low, high] = one(s) ?? []; return `${short(v)}${interval(low, high)}`; }),
        ...tallies.map((t) => (known ? String(inside.filter((w) => w[t === "fail" ? "fails" : t]).length) : "–"))];
    }),
  ]);
  byId("groups").hidden = !here.length;
  byId("groups-table").replaceChildren(table("Groups of control words", header, rows, header.map((_, i) => i).slice(1)));
};

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const LOOKS = { base: ["--c1", [], "●"], adapted: ["--c2", [], "■"], twin: ["--c4", [6, 4], "▲"], change: ["--c2", [], "■"] };
const shapes = { "●": (c, x, y, r) => c.arc(x, y, r, 0, 7), "■": (c, x, y, r) => c.rect(x - r, y - r, 2 * r, 2 * r),
  "▲": (c, x, y, r) => { c.moveTo(x, y - 1.3 * r); c.lineTo(x + 1.2 * r, y + r); c.lineTo(x - 1.2 * r, y + r); } };
const charts = () => [...current.body.curves, ...(current.body.change ? [current.body.change] : [])];
const draw = () => {
  const { label, states } = drawn, { layers } = current.body, place = byId("chart"), ratio = devicePixelRatio;
  place.replaceChildren();
  const series = Object.entries(states).map(([name, [values, low, high]]) => ({ name, values, low, high, look: LOOKS[name] ?? LOOKS.base }));
  const known = series.flatMap((s) => [...s.values, ...s.low, ...s.high]).filter((v) => v !== null);
  if (!known.length) { place.replaceChildren(make("p", "No values to draw.")); return; }
  const x = layers.map((_, i) => i), signed = label.endsWith("change");
  const [bottom, top] = [Math.min(...known, ...(signed ? [0] : [])), Math.max(...known, ...(signed ? [0] : []))], room = 0.06 * (top - bottom || 1);
  const axis = (given) => ({ stroke: css("--ink"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line") }, ...given });
  const px = (u, i) => u.valToPos(i, "x", true), py = (u, v) => u.valToPos(v, "y", true);
  const band = (u) => {
    for (const s of series) {
      const at = x.filter((i) => s.low[i] !== null && s.high[i] !== null);
      u.ctx.save();
      u.ctx.fillStyle = u.ctx.strokeStyle = css(s.look[0]);
      const whole = at.length === x.filter((i) => s.values[i] !== null).length && at.length > 1;
      u.ctx.globalAlpha = whole ? 0.18 : 0.8;
      u.ctx.beginPath();
      if (whole) for (const [side, order] of [["high", at], ["low", [...at].reverse()]]) for (const i of order) u.ctx.lineTo(px(u, i), py(u, s[side][i]));
      else for (const i of at) { u.ctx.lineWidth = 1.5 * ratio; u.ctx.moveTo(px(u, i), py(u, s.low[i])); u.ctx.lineTo(px(u, i), py(u, s.high[i])); }
      whole ? u.ctx.fill() : u.ctx.stroke();
      u.ctx.restore();
    }
  };
  const points = (u) => {
    const c = u.ctx;
    c.save();
    for (const s of series) s.values.forEach((v, i) => { if (v !== null) { c.fillStyle = css(s.look[0]); c.beginPath(); shapes[s.look[2]](c, px(u, i), py(u, v), 3 * ratio); c.fill(); } });
    const line = layers.indexOf(state.layer);
    if (line >= 0) { c.strokeStyle = css("--soft"); c.setLineDash([3 * ratio, 3 * ratio]); c.beginPath(); c.moveTo(px(u, line), u.bbox.top); c.lineTo(px(u, line), u.bbox.top + u.bbox.height); c.stroke(); }
    if (signed) { c.setLineDash([]); c.strokeStyle = css("--ink"); c.beginPath(); c.moveTo(u.bbox.left, py(u, 0)); c.lineTo(u.bbox.left + u.bbox.width, py(u, 0)); c.stroke(); }
    c.restore();
  };
  const chart = new uPlot({
    width: Math.max(260, Math.min(760, place.clientWidth || 600)), height: 300, padding: [10, 24, 0, 0],
    scales: { x: { time: false }, y: { range: () => [bottom - room, top + room] } },
    axes: [axis({ label: "layer (dotted: the one chosen above)", values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? layers[t] ?? "" : "")) }), axis({ label })],
    hooks: { drawAxes: [band], draw: [points] },
    series: [{ label: "layer", value: (_, v) => (v === null ? "" : layers[v]) }, ...series.map((s) => ({ label: `${s.look[2]} ${s.name}`, stroke: css(s.look[0]), dash: s.look[1], width: 2,
      points: { show: false }, spanGaps: true, value: (_, v) => number(v, 3, signed) }))],
  }, [x, ...series.map((s) => s.values)], place);
  const canvas = chart.root.querySelector("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${label} of the control words by layer: ${series.map((s) => s.name).join(", ")}; values in the table below`);
};
const showCurves = () => {
  drawn = charts()[Number(state.measure)];
  const names = Object.keys(drawn.states), signed = drawn.label.endsWith("change");
  byId("curve-about").textContent = `${drawn.about ?? "Adapted minus base, layer by layer."} Bands and bars are 95 % intervals over the control words, one layer at a time; where there is none, none was kept.`;
  const rows = current.body.layers.map((layer, i) => [layer, ...names.map((name) => { const [v, low, high] = drawn.states[name].map((part) => part[i]); return number(v, 3, signed) + interval(low, high); })]);
  byId("curve-table").replaceChildren(table(`${drawn.label} by layer`, ["layer", ...names], rows, names.map((_, i) => i + 1)));
  draw();
};

const showHead = () => {
  const { line, body } = current, [first, ...others] = body.verdicts;
  byId("title").textContent = `${line.pair}: ${who(line)}`;
  document.title = `${line.pair}: ${who(line)} · tli-bench view`;
  byId("verdict").textContent = first ? `${first[1]} (layer ${first[0]}${first[0] === body.chosen[body.states.includes("adapted") ? "adapted" : "base"] ? ", chosen on dev" : ""}${first[0] === body.output ? ", output" : ""})` : "No verdict: the record holds none.";
  byId("said").replaceChildren(...[...others.map(([layer, text]) => `layer ${layer}: ${text}`), ...body.facts].map((t) => make("li", t)));
  byId("warnings").replaceChildren(...body.warnings.map((t) => make("li", t)));
  byId("notes").replaceChildren(...body.notes.map((t) => make("p", t, { class: "soft" })));
  byId("command").textContent = body.command;
  byId("file").textContent = line.file;
  byId("commit").textContent = body.commit ? `, tli-bench ${body.commit}` : "";
  const rows = Object.entries(body.signature).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  byId("signature").replaceChildren(table("Signature", ["field", "value"], rows));
  const roles = (layer) => {
    const by = body.states.filter((s) => body.chosen[s] === layer);
    const chosen = by.length ? [by.length < body.states.length ? `chosen for ${by.join(" and ")}` : "chosen on dev"] : [];
    return [...chosen, ...(layer === body.output ? ["output"] : [])];
  };
  fill(byId("layer"), [["", current.layers.map((layer) => [layer, [layer, roles(layer).join(", ")].filter(Boolean).join(": ")])]], state.layer);
  fill(byId("compare"), [["", current.comparisons.map((pair) => { const [x, y] = pair.split("-"); return [pair, x === y ? `${x} alone` : `${x} → ${y}`]; })]], state.compare);
  fill(byId("measure"), [["", charts().map(({ label }, i) => [String(i), label])]], state.measure);
  byId("word-controls").hidden = !current.words.length || !current.layers.length;
  byId("rule").textContent = `Score: how often the right translation is nearest among itself and random wrong words (${body.headline}), mean of both directions. ` +
    `A word is found from ${FOUND} on; lost and gained words crossed that line. Ranks are among all control words.`;
};
const showWords = () => {
  byId("search").value = state.search;
  fillWords();
  showFilters();
  fillGroups();
  if (current.words.length && current.layers.length) showTable();
  showGroups();
};
const read = () => {
  const asked = new URLSearchParams(location.hash.slice(1)), id = asked.get("record");
  const index = Math.max(0, records.findIndex((line) => line.id === id));
  if (current?.index !== index) current = load(index);
  const known = {
    layer: current.layers, compare: current.comparisons, filter: Object.keys(FILTERS), measure: charts().map((_, i) => String(i)),
    group: Object.entries(current.labels).flatMap(([kind, { names }]) => names.map((name) => `${kind}:${name}`)),
  };
  state = { record: records[index].id };
  for (const [name, usual] of Object.entries(current.usual)) {
    const value = asked.get(name);
    state[name] = value !== null && (known[name]?.includes(value) ?? value.length < 200) ? value : usual;
  }
};
const show = () => {
  byId("record").hidden = false;
  showHead();
  showWords();
  showCurves();
  markChosen();
};
const change = (name, then) => (event) => { state[name] = event.target.value; state.page = "0"; remember(); then(); };

if (!records.length) return;
fillList();
read();
show();
list.page(Math.floor(current.index / 10)).draw("page");
addEventListener("hashchange", () => { const before = state.record; read(); show(); if (before !== state.record) { byId("title").focus({ preventScroll: true }); byId("title").scrollIntoView(); } });
byId("layer").addEventListener("change", change("layer", () => { showWords(); draw(); }));
byId("compare").addEventListener("change", change("compare", () => { if (compared()[0] === compared()[1] && ["lost", "gained"].includes(state.filter)) state.filter = "all"; state.order = ""; remember(); showWords(); }));
byId("group").addEventListener("change", change("group", showWords));
byId("order").addEventListener("change", (e) => { const [column, way] = e.target.value.split("."); grid.order([Number(column), way]).draw(); });
byId("measure").addEventListener("change", change("measure", showCurves));
byId("search").addEventListener("input", (e) => { state.search = e.target.value.slice(0, 199); state.page = "0"; remember(); grid.search(state.search).draw(); tell(); });
byId("filters").addEventListener("click", (e) => {
  const button = e.target.closest("button");
  if (!button) return;
  state.filter = button.dataset.filter; state.page = "0"; remember(true); showWords();
  document.querySelector(`#filters [data-filter="${state.filter}"]`)?.focus();
});
byId("groups-table").addEventListener("click", (e) => {
  const button = e.target.closest("button");
  if (!button) return;
  state.group = button.dataset.group; state.page = "0"; remember(true); showWords();
  byId("words-title").scrollIntoView(); byId("group").focus({ preventScroll: true });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let resized = 0;
addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
