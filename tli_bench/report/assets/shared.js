// What every page uses. All text from records goes through textContent or esc(); nothing is fetched.
const byId = (id) => document.getElementById(id);
const esc = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

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
