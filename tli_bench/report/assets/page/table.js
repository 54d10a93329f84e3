// The table: rows of one board and scope, with the columns, order and filters of the address.
const ranks = byId("ranks");
ranks.querySelectorAll("thead, tbody").forEach((part) => part.remove());
ranks.append(make("thead", make("tr", allColumns.map((c) => make("th", c.label, { scope: "col" })))), make("tbody"));
let showing = false;
const grid = new DataTable(ranks, {
  data: [], columns: allColumns, order: UNSORTED, pageLength: 50, deferRender: true, autoWidth: false,
  layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: "paging" },
  language: { emptyTable: "No rows", zeroRecords: "No row fits the filters", info: "_START_ to _END_ of _TOTAL_ rows", infoFiltered: "(of _MAX_)", infoEmpty: "No rows" },
  createdRow: (tr, row) => {
    tr.classList.toggle("unranked", row[1] === null);
    tr.dataset.row = entryOf(row).id;
  },
});
const label = (cellNode, column) => cellNode.setAttribute("data-label", column.label);
const labelled = () => {
  document.querySelector(".dt-paging").hidden = grid.page.info().pages < 2;
  const shown = grid.columns(":visible").indexes().toArray();
  for (const tr of ranks.tBodies[0].querySelectorAll("tr[data-row]"))
    shown.forEach((index, i) => tr.cells[i] && label(tr.cells[i], allColumns[index]));
};
// Names of columns tell what they mean, to the mouse, to the keyboard and to a screen reader.
const tip = byId("tip");
const tipOver = (head) => {
  const index = grid.column(head).index(), about = allColumns[index]?.about;
  if (!about) return;
  tip.textContent = about;
  tip.hidden = false;
  const { left, bottom } = head.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${bottom + 4}px`;
};
const tipOff = () => { tip.hidden = true; };
allColumns.forEach((column, i) => {
  const head = grid.column(i).header(), handle = head.querySelector("[role=button]") ?? head;
  const described = byId(`about-${column.id}`) ?? byId(`about-${column.id === "score" ? data.score.id : ""}`);
  if (described) handle.setAttribute("aria-describedby", described.id);
  else handle.setAttribute("aria-description", column.about);
  for (const begin of ["mouseenter", "focusin"]) head.addEventListener(begin, () => tipOver(head));
  for (const end of ["mouseleave", "focusout", "click"]) head.addEventListener(end, tipOff);
});
addEventListener("keydown", (event) => { if (event.key === "Escape") tipOff(); });
addEventListener("scroll", tipOff, { passive: true, capture: true });

const openRow = (row, tr) => {
  const { node, start } = detail(row.data());
  row.child(node, "details").show();
  tr.classList.add("opened");
  start();
};
// Opens what the address names and closes the rest; on the page where the last of them is.
const openRows = () => {
  grid.rows().every(function each() {
    const id = entryOf(this.data()).id, wanted = state.rows.includes(id);
    if (!wanted && this.child.isShown()) {
      this.child.hide();
      this.node().classList.remove("opened");
    }
    if (wanted && !this.child.isShown()) openRow(this, this.node());
    const button = this.node()?.querySelector("button.open");
    if (button) button.setAttribute("aria-expanded", String(wanted));
  });
};
const goTo = (id) => {
  const order = grid.rows({ order: "applied", search: "applied" }).data().toArray();
  const place = order.findIndex((r) => entryOf(r).id === id);
  if (place >= 0) grid.page(Math.floor(place / grid.page.len())).draw("page");
};
// Wider than its place: it scrolls inside, with its own sticky header; else the header sticks to the window.
const fit = () => {
  const place = byId("ranks-scroll");
  place.classList.remove("wide");
  const wide = ranks.scrollWidth > place.clientWidth + 1;
  place.classList.toggle("wide", wide);
  for (const [name, value] of Object.entries({ role: "region", tabindex: "0", "aria-label": "Measured rows, scrolls both ways" }))
    if (wide) place.setAttribute(name, value); else place.removeAttribute(name);
};
const fillScopes = () => {
  const names = { overall: "", family: "Families", language: "Languages", pair: "Pairs" };
  const kinds = [...new Set(board().sections.map((s) => s.kind))];
  fill(byId("scope"), kinds.map((kind) => [names[kind] ?? "", board().sections.filter((s) => s.kind === kind).map((s) => [s.id, s.label])]));
};
const fillChoices = () => {
  const boxes = (columns, legend) => {
    if (!columns.length) return [];
    const lines = columns.map((c) => {
      const box = make("input", [], { type: "checkbox", value: c.id });
      box.checked = chosenColumns().includes(c.id);
      return make("label", [box, " ", make("span", c.label)], { title: c.about });
    });
    return [make("fieldset", [make("legend", legend), ...lines])];
  };
  const there = optional().filter(held);
  byId("choices").replaceChildren(...boxes(there.filter((c) => !c.fact && !c.source), "Scores"), ...boxes(there.filter((c) => c.source), "Where the uncertainty comes from"), ...boxes(there.filter((c) => c.fact), "About the row"));
  byId("chosen").textContent = `(${visibleColumns().length} of ${there.length + FIXED.length})`;
};
let kept = "";
const show = () => {
  showing = true;
  const filled = `${state.board} ${section().id} ${state.kind}`;
  fillScopes();
  Object.entries({ board: state.board, scope: section().id, kind: state.kind }).forEach(([id, value]) => { byId(id).value = value; });
  if (byId("search").value !== state.q) byId("search").value = state.q;
  const shown = visibleColumns();
  allColumns.forEach((column, i) => grid.column(i).visible(shown.includes(column), false));
  document.body.classList.toggle("many", shown.length > 8);
  fillChoices();
  const sorters = shown.flatMap((c) => c.orderSequence.map((way) => [`${c.id}:${way}`, `${c.label}, ${c.textual ? (way === "asc" ? "A to Z" : "Z to A") : way === "asc" ? "lowest first" : "highest first"}`]));
  fill(byId("sort"), [["", [["", "rank"], ...sorters]]]);
  byId("sort").value = state.sort;
  const rows = section().rows.filter((row) => !state.kind || entryOf(row).kind === state.kind);
  if (filled !== kept) {
    grid.clear();
    grid.rows.add(rows);
    kept = filled;
  }
  const order = sortOf(state.sort);
  grid.order(order ? [order, ...UNSORTED] : UNSORTED).search(state.q).draw();
  if (state.rows.length) goTo(state.rows[state.rows.length - 1]);
  openRows();
  labelled();
  fit();
  const count = section().pairs.length;
  byId("caption").textContent = `${section().label}, ${count} pair${count > 1 ? "s" : ""}, ${board().title}`;
  say(`${grid.rows({ search: "applied" }).count()} rows`);
  showFigure();
  compare();
  fillContests();
  showing = false;
};
grid.on("draw", () => { if (!showing) { openRows(); labelled(); fit(); } });
grid.on("order", () => {
  if (showing) return;
  const [first] = grid.order(), [index, way] = Array.isArray(first) ? first : [first?.idx, first?.dir];
  const chosen = way ? `${allColumns[index].id}:${way}` : "";
  if (chosen !== state.sort) queueMicrotask(() => choose({ sort: chosen === "rank:asc" ? "" : chosen }));
});
ranks.addEventListener("click", (event) => {
  const button = event.target.closest("button.open");
  if (!button) return;
  const { id } = entryOf(grid.row(button.closest("tr")).data());
  choose({ rows: state.rows.includes(id) ? state.rows.filter((one) => one !== id) : [...state.rows, id] });
});
