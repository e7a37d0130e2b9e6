// Charts as SVG: lines, points, a picture behind, handles to drag.

const NS = "http://www.w3.org/2000/svg";
const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 58, 14, 14, 46];
let WIDTH = 560; // as wide as the page has room, so that letters keep their size

export function drawChart(figure, chart, { dragged } = {}) {
  WIDTH = Math.min(Math.max(figure.clientWidth || 560, 300), 560);
  const scales = scalesOf(chart);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img" });
  svg.setAttribute("aria-label", description(chart));
  if (chart.field) svg.append(element("image", { href: dataUrl(chart.field), x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM, preserveAspectRatio: "none", class: "field" }));
  axes(svg, chart, scales);
  const clip = element("clipPath", { id: `clip-${unique()}` });
  clip.append(element("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }));
  const inside = element("g", { "clip-path": `url(#${clip.id})` });
  svg.append(clip, inside);
  chart.series.forEach((series, k) => inside.append(...marks(series, scales, k)));
  for (const handle of chart.handles ?? []) svg.append(handleMark(svg, handle, scales, dragged));
  figure.replaceChildren(caption(chart), svg);
}

export function dataUrl({ width, height, grey }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const values = Uint8Array.from(atob(grey), (character) => character.charCodeAt(0));
  values.forEach((value, place) => image.data.set([value, value, value, 255], 4 * place));
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

function scalesOf(chart) {
  const values = (axis) => chart.series.flatMap((series) => series[axis]).filter((value) => value !== null && (axis === "x" || !chart.log || value > 0));
  const ranges = Object.fromEntries(["x", "y"].map((axis) => {
    if (chart.range?.[axis]) return [axis, chart.range[axis]];
    const found = values(axis);
    let [low, high] = [Math.min(...found), Math.max(...found)];
    if (!found.length) [low, high] = [0, 1];
    if (low === high) [low, high] = chart.log && axis === "y" ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
    if (axis === "y" && !chart.log) [low, high] = [low - 0.04 * (high - low), high + 0.04 * (high - low)];
    return [axis, [low, high]];
  }));
  const log = Boolean(chart.log);
  const across = ([low, high], from, to, onLog, whole = false) => {
    const [a, b] = onLog ? [Math.log(low), Math.log(high)] : [low, high];
    return {
      at: (value) => from + (((onLog ? Math.log(value) : value) - a) / (b - a)) * (to - from),
      back: (place) => { const t = a + ((place - from) / (to - from)) * (b - a); return onLog ? Math.exp(t) : t; },
      ticks: onLog ? logTicks(low, high) : ticks(low, high, whole),
    };
  };
  return { x: across(ranges.x, LEFT, WIDTH - RIGHT, false, chart.whole), y: across(ranges.y, HEIGHT - BOTTOM, TOP, log), log };
}

function ticks(low, high, whole) {
  const raw = whole ? Math.max((high - low) / 5, 1) : (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + 1e-9 * step; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

function logTicks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of high / low > 30 ? [1] : [1, 2, 5]) {
      const value = factor * 10 ** power;
      if (value >= low && value <= high) found.push(value);
    }
  }
  return found.length > 8 ? found.filter((_, k) => k % Math.ceil(found.length / 8) === 0) : found;
}

function axes(svg, chart, { x, y }) {
  for (const value of y.ticks) {
    const at = y.at(value);
    if (!chart.field) svg.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at, class: "rule" }));
    svg.append(text(LEFT - 8, at + 4, plain(value), "tick end"));
  }
  for (const value of x.ticks) svg.append(text(x.at(value), HEIGHT - BOTTOM + 18, plain(value), "tick middle"));
  svg.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM, class: "axis" }));
  svg.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, chart.x, "tick middle"));
}

function marks(series, { x, y, log }, k) {
  const shown = (value) => value !== null && (!log || value > 0);
  if (series.kind === "points") {
    return series.x.flatMap((value, n) => (shown(series.y[n]) ? [element("circle", { cx: x.at(value), cy: y.at(series.y[n]), r: 4, class: `point s${k % 6}` })] : []));
  }
  let path = "", down = false;
  series.x.forEach((value, n) => {
    if (value === null || !shown(series.y[n])) { down = false; return; }
    path += `${down ? "L" : "M"}${x.at(value).toFixed(2)} ${limited(y.at(series.y[n])).toFixed(2)}`;
    down = true;
  });
  const made = [element("path", { d: path || "M0 0", class: `curve s${k % 6} ${series.kind === "dashed" ? "dashed" : ""}` })];
  const last = series.x.length - 1;
  if (series.x.length === 1 && shown(series.y[0])) made.push(element("circle", { cx: x.at(series.x[last]), cy: y.at(series.y[last]), r: 3, class: `point s${k % 6}` }));
  return made;
}

function limited(place) {
  return Math.min(Math.max(place, -1e4), 1e4);
}

function handleMark(svg, handle, { x, y }, dragged) {
  const mark = element("circle", { cx: x.at(handle.x), cy: y.at(handle.y), r: 11, class: "handle" });
  const title = element("title", {});
  title.textContent = `${handle.label}: drag it, or use its slider`;
  mark.append(title);
  const moved = (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const to = { x: x.back(place.x), y: y.back(place.y) };
    dragged?.(Object.fromEntries(Object.entries(handle.parameters).map(([axis, name]) => [name, to[axis]])));
  };
  mark.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const end = () => {
      window.removeEventListener("pointermove", moved);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
    window.addEventListener("pointermove", moved);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
  return mark;
}

function caption(chart) {
  const made = document.createElement("figcaption");
  const title = made.appendChild(document.createElement("strong"));
  title.textContent = chart.title;
  if (chart.series.length > 1) {
    const legend = made.appendChild(document.createElement("span"));
    legend.className = "legend";
    chart.series.forEach((series, k) => {
      const entry = legend.appendChild(document.createElement("span"));
      entry.className = `key s${k % 6} ${series.kind === "dashed" ? "dashed" : ""}`;
      entry.textContent = series.name;
    });
  }
  return made;
}

function description(chart) {
  const ends = chart.series.map((series) => {
    const known = series.y.filter((value) => value !== null);
    return known.length ? `${series.name} from ${plain(known[0])} to ${plain(known[known.length - 1])}` : series.name;
  });
  return `${chart.title}; ${chart.y} over ${chart.x}. ${ends.join("; ")}`;
}

export function plain(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e").replace(".0e", "e").replace("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

function text(x, y, content, name) {
  const made = element("text", { x, y, class: name });
  made.textContent = content;
  return made;
}

function element(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

let count = 0;
function unique() {
  return ++count;
}
