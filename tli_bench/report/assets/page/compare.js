// Row against row: two that the reader picks, and all of them as a matrix.
const names = (entry) => `${entry.model}${trainedBy(entry) ? ` + ${trainedBy(entry)}` : ""}${entry.apart}`;
// Of two places in the order of rank: first minus second, half the width of the interval, whether they are certainly apart.
const against = (table, a, b) => {
  if (a === b) return null;
  const [value, half, apart] = a < b ? table[b][a] : table[a][b];
  return { value: a < b ? value : -value, half, apart: Boolean(apart) };
};
const pairSaid = (first, second, { value, half, apart }) =>
  `${names(first)} minus ${names(second)}: ${number(value, 3, true)} ${bounds(value - half, value + half, true)}. ` +
  (apart ? `${names(value > 0 ? first : second)} is certainly better here.` : "They cannot be told apart here.");
const matrix = (rows, table) => {
  const head = make("tr", [make("th", "Rank", { scope: "col" }), make("th", "Row minus column", { scope: "col" }), ...rows.map((e, i) => make("th", String(i + 1), { scope: "col", class: "n", title: names(e) }))]);
  const body = rows.map((entry, a) => make("tr", [make("td", String(a + 1), { class: "n" }), make("th", names(entry), { scope: "row" }), ...rows.map((other, b) => {
    const found = against(table, a, b);
    if (!found) return make("td", "·", { class: "n" });
    return make("td", number(found.value, 3, true), { class: found.apart ? "n apart" : "n", title: pairSaid(entry, other, found) });
  })]));
  return make("table", [make("caption", "Differences in bold are certain; point at one for its interval."), make("thead", head), make("tbody", body)], { class: "matrix" });
};
const compare = () => {
  const found = section().differences, place = byId("differences");
  place.hidden = !found;
  if (!found) return;
  const rows = found.rows.map((i) => board().entries[i]), total = section().rows.filter((r) => r[1] !== null).length;
  const picks = [0, 1].map((side) => {
    const wanted = rows.findIndex((e) => e.id === state.versus[side]);
    const select = make("select", rows.map((e, i) => make("option", names(e), { value: i })), { id: `versus-${side}` });
    select.value = wanted >= 0 ? wanted : side;
    select.addEventListener("change", () => {
      choose({ versus: picks.map((one) => rows[one.value].id) });
      byId(select.id).focus();
    });
    return select;
  });
  const [a, b] = picks.map((one) => Number(one.value)), difference = against(found.table, a, b);
  const open = place.querySelector("details")?.open ?? false;
  const all = make("details", [make("summary", `All ${rows.length} against each other`)]);
  all.open = open;
  const fillMatrix = () => { if (all.open && !all.querySelector("table")) all.append(scrolling(matrix(rows, found.table), "Row minus column, scrolls sideways")); };
  all.addEventListener("toggle", fillMatrix);
  byId("differences-body").replaceChildren(
    make("p", `${data.headline.label}, ${section().label}. The intervals of all comparisons hold together with 95 %, over all ${total} ranked rows` +
      (rows.length < total ? `; the first ${rows.length} are compared here.` : ".")),
    make("div", [make("label", ["This row", picks[0]]), make("label", ["minus this one", picks[1]])], { class: "controls" }),
    make("p", difference ? pairSaid(rows[a], rows[b], difference) : "Choose two different rows.", { id: "versus-said", role: "status" }), all);
  fillMatrix();
};
