// Controls, and the first view.
sweepsStart();
if (!data.boards.length) return;
fill(byId("board"), [
  ["Measured", data.boards.filter((b) => !b.demonstration).map((b) => [b.id, b.title])],
  ["Demonstration", data.boards.filter((b) => b.demonstration).map((b) => [b.id, b.title])],
].filter(([, options]) => options.length));
byId("controls").hidden = false;
byId("board").addEventListener("change", (e) => choose({ board: e.target.value, scope: boardOf(e.target.value).sections[0].id, rows: [], versus: [] }));
byId("scope").addEventListener("change", (e) => choose({ scope: e.target.value }));
byId("kind").addEventListener("change", (e) => choose({ kind: e.target.value }));
byId("sort").addEventListener("change", (e) => choose({ sort: e.target.value }));
byId("search").addEventListener("input", (e) => choose({ q: e.target.value }, { quiet: true }));
byId("choices").addEventListener("change", () => {
  const ticked = [...byId("choices").querySelectorAll("input:checked")].map((box) => box.value);
  const focused = document.activeElement?.value;
  choose({ columns: ticked });
  byId("choices").querySelector(`input[value="${CSS.escape(focused ?? "")}"]`)?.focus();
});
byId("get-csv").addEventListener("click", () => save(asCsv(), "text/csv", "csv"));
byId("get-json").addEventListener("click", () => save(asJson(), "application/json", "json"));
byId("copy-link").addEventListener("click", (e) => copied(linkTo(state), e.target));
byId("reset").addEventListener("click", () => choose({ ...FIRST, board: state.board, scope: boardOf(state.board).sections[0].id }));
addEventListener("popstate", follow);
addEventListener("hashchange", follow);
addEventListener("resize", fit);
// Paper shows every row.
addEventListener("beforeprint", () => { grid.page.len(-1).draw(); });
addEventListener("afterprint", () => { grid.page.len(50).draw(); });
show();
follow();
document.documentElement.dataset.ready = "";
