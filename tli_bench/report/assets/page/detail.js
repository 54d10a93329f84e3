// What an opened row tells: where it comes from, its scores and curves, and how to cite and repeat it.
const curves = (entry, unit, place) => {
  const { layers, n } = unit, changed = entry.kind !== "base";
  const named = data.measures.flatMap(({ label, share }, look) => [changed ? `, ${entry.training}` : "", ", base (dashed)"].map((whose, side) => {
    const { curves: both, widths } = unit.scores[look];
    if (both[side] < 0) return null;
    const values = curve(both[side]);
    const ends = share ? wilson(values, n) : widths[side] >= 0 ? between(values, curve(widths[side])) : null;
    return { name: label + whose, label, share, values, dash: side ? [6, 4] : [], look, ends };
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
  const difference = make("div", []);
  place.replaceChildren(make("div", [chart, note, values]), difference);
  plot(chart, `Curves by layer for ${unit.pair}: ${named.map((s) => s.name).join(", ")}; values in the table below`, {
    x: layers.map((_, i) => i), series: named, axes: [layerAxis(layers), { label: "score on control words" }],
  });
  differences(unit, difference);
};

// Row minus base, layer by layer: paired word by word, from the tests that records keep of all their layers.
const differences = (unit, place) => {
  const { layers, n, changes } = unit, [after, before] = unit.scores[0].curves.map(curve);
  if (!after?.length || !before?.length) return;
  const at = (k) => layers.map((layer) => changes.find(([own]) => own === layer)?.[k] ?? null);
  const exact = at(1), line = layers.map((_, i) => exact[i] ?? (after[i] === null || before[i] === null ? null : after[i] - before[i]));
  const bare = layers.filter((layer, i) => at(2)[i] === null);
  const name = data.measures[0].label;
  const chart = make("div", [], { class: "chart difference" });
  const note = bare.length === layers.length
    ? "No interval of the difference: these records hold no test of it, or have fewer than 20 words."
    : `The band is the 95 % interval of the difference, paired over the ${n} words, layer by layer.${bare.length ? ` At layer ${bare.join(", ")} there is none, for the difference is exactly zero.` : ""}`;
  const rows = layers.map((layer, i) => [layer, number(line[i], 3, true), bounds(at(2)[i], at(3)[i], true) || "–"]);
  const listed = table(`Difference from the base by layer, ${unit.pair}`, ["layer", "difference", "95 %"], rows, [1, 2]);
  listed.dataset.of = "difference";
  place.replaceChildren(make("h4", `${name}: difference from the base`), chart, make("p", note, { class: "soft" }),
    make("details", [make("summary", "The same as a table"), listed]));
  plot(chart, `${name} minus that of the base by layer for ${unit.pair}; values in the table below`, {
    x: layers.map((_, i) => i), zero: true, axes: [layerAxis(layers), { label: "difference from the base" }],
    series: [{ name: "difference", look: 0, dash: [], values: line, ends: bare.length === layers.length ? null : [at(2), at(3)] }],
  });
};

// Text inside a BibTeX field: no command and no brace of its own.
const bib = (s) => String(s).replace(/[\\{}%&#_$~^"]/g, (c) => ({ "\\": "\\textbackslash ", "~": "\\textasciitilde ", "^": "\\textasciicircum ", '"': "''" })[c] ?? `\\${c}`);
const bibtex = (entry, row) => {
  const name = entry.training === "base" ? entry.model : `${entry.model} with ${entry.training}`;
  const date = latest(entry), commits = [...new Set(entry.units.map((u) => text(u[5])).filter(Boolean))];
  const fields = {
    title: `{tli-bench leaderboard: ${bib(name)}}`,
    author: "{The tli-bench authors}",
    ...(/^\d{4}/.test(date) ? { year: `{${date.slice(0, 4)}}` } : {}),
    version: `{${bib(data.version)}}`,
    note: `{${bib([`${data.score.label} ${number(row[5])}${row[6] === null ? "" : ` ${bounds(row[6], row[7])}`} over ${section().label}`.replaceAll("−", "-"),
      `protocol ${board().protocol}, lexicon ${board().lexicon}`, commits.length ? `tli-bench commit ${commits.slice(0, 3).join(", ")}` : "", `row ${entry.id}`].filter(Boolean).join("; "))}}`,
  };
  const key = `tlibench-${entry.id}`.replace(/[^A-Za-z0-9-]/g, "-");
  return `@misc{${key},\n${Object.entries(fields).map(([k, v]) => `  ${k} = ${v}`).join(",\n")}\n}`;
};

const linked = (content, href) => (href ? make("a", content, { href, rel: "noreferrer" }) : content);
const factList = (entry, units) => {
  const commits = [...new Set(units.map((u) => u.commit).filter(Boolean))];
  const lines = [...entry.facts, ["Latest record", latest(entry) || "–"], ["Commit of tli-bench", commits.join(", ") || "–"]];
  return make("dl", lines.flatMap(([label, value, href]) => [make("dt", label), make("dd", linked(value, href))]), { class: "facts" });
};
// By how much the score and its rank would be other ones with other words, other pairs, or another seed of the training.
const uncertain = (row) => table("Where the uncertainty comes from", ["source", "value", "what it says"],
  data.sources.map(({ label, about }, i) => [label, sourceText(row, i), about]), [1]);
const detail = (row) => {
  const entry = entryOf(row), node = make("div", [], { class: "detail" });
  const all = entry.units.map(unitOf);
  const units = section().pairs.map((pair) => all.find((u) => u.pair === pair)).filter(Boolean);
  const title = `${entry.model}${trainedBy(entry) ? `, ${trainedBy(entry)}` : ""}`;
  const address = permalink(entry);
  const heading = make("div", [make("h3", title), make("a", "Link to this row", { href: address, class: "permalink" }), copier("Copy link", () => address)], { class: "headline" });
  const scores = table("Scores by pair; the name of a pair leads to its records where they are published",
    ["pair", "words", "layer", ...data.measures.map((m) => m.label), "date", "verdict, base at the same layer"],
    units.map((u) => [linked(u.pair, u.record), String(u.n), u.layer, ...u.scores.map((s) => number(s.value)), u.date.slice(0, 10), u.verdict]),
    [1, ...data.measures.map((_, i) => 3 + i)]);
  const averages = table(section().label, ["column", "value"],
    [...allColumns.filter((c) => (FIXED.includes(c.id) || held(c)) && !c.fact && !c.source && c.id !== "model").map((c) => [c.label, c.id === "rank" ? `${rankText(row)} (${placesText(row)})` : c.id === "score"
      ? `${number(row[5])} ${bounds(row[6], row[7])}` : number(c.plain(row), 3, c.signed) + (c.id === data.columns[data.audit].id && row[10] ? ` ${data.flag}` : "")])], [1]);
  const chosen = make("select", units.map((u, i) => make("option", u.pair, { value: i })));
  const place = make("div", [], { class: "curves" });
  chosen.addEventListener("change", () => curves(entry, units[chosen.value], place));
  const signature = table("Signature", ["part", "value"], Object.entries(entry.signature).map(([k, v]) =>
    [k, make("span", typeof v === "string" ? v : JSON.stringify(v), { class: "mono" })]));
  const commands = [...new Set(units.map((u) => u.command))];
  const repeated = make("div", [...commands.map((c) => make("p", make("code", c))), copier("Copy commands", () => commands.join("\n"))]);
  const cited = bibtex(entry, row);
  node.append(heading, make("div", [factList(entry, units), averages], { class: "two" }), scrolling(scores, "Scores by pair"),
    ...(row[1] === null ? [] : [scrolling(uncertain(row), "Where the uncertainty comes from")]),
    make("h3", "Layer curves, control words"), make("label", ["Pair", chosen]), place,
    make("h3", "Repeat it"), repeated, make("h3", "Cite it"), make("pre", make("code", cited), { tabindex: 0, role: "region", "aria-label": "BibTeX" }), copier("Copy BibTeX", () => cited),
    make("details", [make("summary", "Signature"), scrolling(signature, "Signature")]));
  return { node, start: () => units.length && curves(entry, units[0], place) };
};
