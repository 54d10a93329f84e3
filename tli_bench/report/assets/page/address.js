// What is shown, and its address: everything that a reader chooses stands behind the # of the address.
const boardOf = (id) => data.boards.find((b) => b.id === id);
const FIRST = { board: data.boards[0]?.id ?? "", scope: "overall", kind: "", q: "", sort: "", columns: null, rows: [], versus: [] };
let state = { ...FIRST };
const board = () => boardOf(state.board);
const section = () => board().sections.find((s) => s.id === state.scope) ?? board().sections[0];
const entryOf = (row) => board().entries[row[0]];

const written = (chosen) => {
  const parts = new URLSearchParams();
  for (const name of ["board", "scope", "kind", "q", "sort"])
    if (chosen[name] && chosen[name] !== FIRST[name]) parts.set(name, chosen[name]);
  if (chosen.columns) parts.set("cols", chosen.columns.join(",") || "none");
  if (chosen.rows.length) parts.set("row", chosen.rows.join(","));
  if (chosen.versus.length) parts.set("vs", chosen.versus.join(","));
  return parts.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
};
// A row goes by the hash at the end of its id: what its model is called may have changed since the address was written.
const rowIn = (there, id) => there.entries.find((e) => e.id.slice(-10) === id.slice(-10));
// An address may come from anywhere: what the page does not have is left out, and said.
const read = (hash) => {
  const parts = new URLSearchParams(hash.replace(/^#/, "")), found = { ...FIRST, rows: [], versus: [] }, missing = [];
  const take = (name, fits, put) => {
    const value = parts.get(name);
    if (value === null) return;
    if (fits(value)) put(value); else missing.push(`${name} “${value.slice(0, 60)}”`);
  };
  take("board", (v) => boardOf(v), (v) => { found.board = v; });
  const there = boardOf(found.board);
  if (!there.sections.some((s) => s.id === found.scope)) found.scope = there.sections[0].id;
  take("scope", (v) => there.sections.some((s) => s.id === v), (v) => { found.scope = v; });
  take("kind", (v) => ["base", "adapter", "full"].includes(v), (v) => { found.kind = v; });
  take("q", () => true, (v) => { found.q = v.slice(0, 200); });
  take("sort", (v) => sortOf(v), (v) => { found.sort = v; });
  take("cols", () => true, (v) => {
    const known = (id) => optional().some((c) => c.id === id);
    found.columns = v.split(",").filter(known);
    for (const id of v.split(",").slice(0, 50)) if (!known(id) && id !== "none") missing.push(`column “${id.slice(0, 60)}”`);
  });
  take("vs", (v) => v.split(",").length === 2 && v.split(",").every((id) => rowIn(there, id)), (v) => { found.versus = v.split(",").map((id) => rowIn(there, id).id); });
  take("row", () => true, (v) => {
    for (const id of v.split(",").slice(0, 50))
      if (rowIn(there, id)) found.rows.push(rowIn(there, id).id); else missing.push(`row “${id.slice(0, 60)}”`);
  });
  const names = ["board", "scope", "kind", "q", "sort", "cols", "row", "vs"];
  for (const name of [...parts.keys()].slice(0, 50)) if (!names.includes(name)) missing.push(`“${name.slice(0, 60)}”`);
  return { found, missing };
};
const linkTo = (chosen) => location.href.split("#")[0] + "#" + written(chosen);
const permalink = (entry) => linkTo({ ...FIRST, board: state.board, scope: state.scope, rows: [entry.id] });
// quiet: no step of its own for the back button, as while typing.
const choose = (change, { quiet = false } = {}) => {
  state = { ...state, ...change };
  const hash = written(state), address = hash ? `#${hash}` : location.pathname + location.search;
  if (location.hash.replace(/^#/, "") !== hash) history[quiet ? "replaceState" : "pushState"](null, "", address);
  byId("notice").hidden = true;
  show();
};
const follow = () => {
  // Other anchors of the page have no `=`.
  if (location.hash.length > 1 && !location.hash.includes("=")) return;
  const { found, missing } = read(location.hash);
  const same = written(found) === written(state);
  state = found;
  if (!same || missing.length) show();
  byId("notice").hidden = !missing.length;
  byId("notice").textContent = missing.length ? `This address names what the page does not have: ${missing.join(", ")}. The rest of it is shown.` : "";
  const opened = state.rows.length && document.querySelector(`tr[data-row="${CSS.escape(state.rows[state.rows.length - 1])}"]`);
  if (opened) opened.scrollIntoView({ block: "start" });
};
