// The first picture and the sentence follow the board and the languages: the page holds one of each, made beforehand.
const template = (selector) => document.querySelector(selector)?.content.cloneNode(true);
let drawn = `${FIRST.board} overall`;
const showFigure = () => {
  const wanted = `${state.board} ${section().id}`;
  if (wanted === drawn) return;
  const id = CSS.escape(state.board);
  if (!drawn.startsWith(`${state.board} `)) byId("conclusion").replaceChildren(template(`template[data-board="${id}"]:not([data-scope])`));
  const found = template(`template[data-board="${id}"][data-scope="${CSS.escape(section().id)}"]`);
  byId("figure").replaceChildren(found ?? make("p", "No row has a rank here; the table says why.", { class: "soft" }));
  drawn = wanted;
};
