// Charts: lines and points with their intervals, drawn again when the scheme or the width changes.
const charts = [];
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
// Series: name, values, look (colour and shape), dash, ends ([low, high]) drawn as a band or as bars, marks (texts at the points),
// dodge (steps aside) and joined (a line through points that were moved aside).
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
      // A line that is moved aside with its points, so that what stands at one place is all seen.
      for (const s of series.filter((one) => one.joined)) {
        c.save(); c.strokeStyle = colour(s); c.lineWidth = 2 * ratio; c.setLineDash((s.dash ?? []).map((d) => d * ratio)); c.beginPath();
        s.values.forEach((v, i) => { if (v !== null && v !== undefined) c.lineTo(px(u, i, s.dodge), py(u, v)); });
        c.stroke(); c.restore();
      }
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
const between = (values, widths) => [-1, 1].map((side) => values.map((v, i) => (v === null || widths[i] === null ? null : v + side * widths[i])));
// Wilson's 95 % interval of a share of n words.
const wilson = (values, n) => [-1, 1].map((side) => values.map((p) => {
  const z = 1.96;
  return p === null ? null : (p + z * z / (2 * n) + side * z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n);
}));
const layerAxis = (layers) => ({ label: "layer", values: (_, ticks) => ticks.map((t) => (Number.isInteger(t) ? layers[t] ?? "" : "")), shown: (v) => layers[v] });
