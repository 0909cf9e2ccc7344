// Everything drawn over the picture: contour lines, regions, boxes, ruler, frame of the model.

import { seenRect, seesAll } from "../maths/frame.js";
import { lineLength } from "../maths/ruler.js";
import { orientation, toScreen } from "../maths/view.js";

export const BOX_COLOUR = "#ffe14d";
const FONT = "600 11px system-ui, -apple-system, 'Segoe UI', sans-serif";
const HALO = "rgba(0, 0, 0, 0.75)";
const SHORTEST_LABELLED_LINE = 110; // CSS pixels
const MOST_LABELS = 6; // of one level

/** Draw all marks of a pane; coordinates are CSS pixels. */
export function drawMarks(pane) {
  const { marks, ratio, size, viewer } = pane;
  const { state } = viewer;
  const g = marks.getContext("2d");
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.clearRect(0, 0, marks.width, marks.height);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.font = FONT;
  g.lineJoin = "round";
  const place = (x, y) => toScreen(pane.view, size, x, y);
  const draw = { g, pane, place, taken: [] };
  if (!state.hidden && state.overlay) {
    drawUnseen(draw);
    drawContours(draw);
    if (state.regions) drawRegions(draw);
  }
  if (!state.hidden) for (const box of viewer.boxesOf(pane)) drawDrawnBox(draw, box);
  // Last, so that the labels of lines keep clear of those of boxes.
  if (!state.hidden && state.overlay) labelContours(draw);
  for (const ruler of viewer.rulersOf(pane)) drawRuler(draw, ruler);
}

/** Hatch what the model did not see and put a dashed line around what it saw. */
function drawUnseen({ g, pane, place }) {
  const frame = pane.map?.frame ?? pane.frame;
  if (!frame || seesAll(frame)) return;
  const seen = seenRect(frame);
  const { width, height } = pane.info;
  g.save();
  g.beginPath();
  trace(g, place, [0, 0, width, height]);
  trace(g, place, seen);
  g.clip("evenodd");
  pane.hatch ??= hatch(g);
  g.fillStyle = pane.hatch;
  g.fillRect(0, 0, pane.size.width, pane.size.height);
  g.restore();
  g.beginPath();
  trace(g, place, seen);
  g.setLineDash([4, 4]);
  g.lineWidth = 1;
  g.strokeStyle = "rgba(214, 222, 226, 0.85)";
  g.stroke();
  g.setLineDash([]);
  const [x, y] = corners(seen).map((point) => place(...point)).reduce((a, b) => (a[0] + a[1] <= b[0] + b[1] ? a : b));
  if (x >= 0 && y >= 0) write(g, "seen by the model", x + 5, y + 14, "rgba(214, 222, 226, 0.9)");
}

function hatch(g) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const t = tile.getContext("2d");
  t.strokeStyle = "rgba(200, 208, 212, 0.32)";
  t.beginPath();
  for (const shift of [-10, 0, 10]) {
    t.moveTo(shift, 10);
    t.lineTo(shift + 10, 0);
  }
  t.stroke();
  return g.createPattern(tile, "repeat");
}

/** The threshold's line and the regular ones, or null when none are shown. */
function shownContours({ map, viewer }) {
  const { state } = viewer;
  if (!map || !state.contours) return null;
  return {
    cut: map.linesAt("score", state.threshold ?? map.threshold),
    regular: state.step === "off" ? [] : map.contours(state.quantity, state.step),
  };
}

function drawContours({ g, pane }) {
  const shown = shownContours(pane);
  if (!shown) return;
  for (const { path } of shown.regular) strokePath(g, pane, path, { colour: "rgba(255, 255, 255, 0.75)", width: 1 });
  strokePath(g, pane, shown.cut.path, { colour: pane.phrase.color, width: 2 });
}

function labelContours(draw) {
  const shown = shownContours(draw.pane);
  if (!shown) return;
  labelLines(draw, shown.cut.lines, `threshold ${formatLevel(shown.cut.level)}`, draw.pane.phrase.color);
  for (const { level, lines } of shown.regular) labelLines(draw, lines, formatLevel(level), "#ffffff");
}

function formatLevel(level) {
  const text = Math.abs(level).toFixed(3).replace(/0$/, "").replace(/0$/, "");
  return (level < 0 ? "\u2212" : "") + text.replace(/\.$/, "");
}

/** Stroke a path of image coordinates with a width of screen pixels, dark halo beneath. */
function strokePath(g, pane, path, { colour, width }) {
  const { view, size, ratio } = pane;
  const [a, b, c, d] = orientation(view).map((entry) => entry * view.scale * ratio);
  const [x, y] = toScreen(view, size, 0, 0);
  g.save();
  g.setTransform(a, c, b, d, x * ratio, y * ratio);
  g.strokeStyle = "rgba(0, 0, 0, 0.45)";
  g.lineWidth = (width + 1) / view.scale;
  g.stroke(path);
  g.strokeStyle = colour;
  g.lineWidth = width / view.scale;
  g.stroke(path);
  g.restore();
}

/** One label on every line that is long enough on the screen and has a free place for it. */
function labelLines({ g, pane, place, taken }, lines, text, colour) {
  const width = g.measureText(text).width;
  let left = MOST_LABELS;
  for (const line of lines) {
    if (left === 0) return;
    const length = line.length * pane.view.scale * stepOf(line);
    if (length < SHORTEST_LABELLED_LINE) continue;
    for (const share of [0.5, 0.25, 0.75, 0, 0.4, 0.6]) {
      const [x, y] = place(...line[Math.floor(line.length * share)]);
      const rect = [x - width / 2 - 3, y - 7, x + width / 2 + 3, y + 7];
      if (!isFree(rect, taken, pane.size)) continue;
      taken.push(rect);
      write(g, text, x, y + 4, colour, "center");
      left -= 1;
      break;
    }
  }
}

/** Whether a label's rectangle lies inside the pane and clear of the others. */
function isFree([x0, y0, x1, y1], taken, { width, height }) {
  if (x0 < 2 || y0 < 2 || x1 > width - 2 || y1 > height - 2) return false;
  return taken.every(([a0, b0, a1, b1]) => x1 < a0 || a1 < x0 || y1 < b0 || b1 < y0);
}

function stepOf(line) {
  const [[x0, y0], [x1, y1]] = [line[0], line[Math.min(1, line.length - 1)]];
  return Math.hypot(x1 - x0, y1 - y0) || 1;
}

function drawRegions(draw) {
  const { g, pane, place } = draw;
  const { phrase, map } = pane;
  if (map) {
    for (const { box, peak } of map.regions) {
      outline(g, place, box, { colour: phrase.color, width: 2 });
      labelBox(draw, box, `predicted, peak ${peak.toFixed(2)}`, phrase.color);
    }
  }
  for (const { label, box, sentence } of pane.reference) {
    const own = sentence === null || sentence === phrase?.sentence;
    if (own) {
      outline(g, place, box, { colour: "#ffffff", width: 1.5, dash: [7, 5] });
      labelBox(draw, box, `reference: ${label}`, "#ffffff", true);
    } else {
      outline(g, place, box, { colour: "rgba(255, 255, 255, 0.5)", width: 1, dash: [2, 5], halo: 0 });
    }
  }
}

function drawDrawnBox(draw, { box, number, draft }) {
  const { g, place } = draw;
  outline(g, place, box, { colour: BOX_COLOUR, width: draft ? 1.5 : 2 });
  if (!draft) labelBox(draw, box, `box ${number}`, BOX_COLOUR);
  g.fillStyle = BOX_COLOUR;
  for (const [x, y] of corners(box).map(([cx, cy]) => place(cx, cy))) g.fillRect(x - 2.5, y - 2.5, 5, 5);
}

function drawRuler({ g, pane, place }, { from, to }) {
  const [x0, y0] = place(...from);
  const [x1, y1] = place(...to);
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const nx = ((y0 - y1) / length) * 5;
  const ny = ((x1 - x0) / length) * 5;
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  for (const [x, y] of [[x0, y0], [x1, y1]]) {
    g.moveTo(x - nx, y - ny);
    g.lineTo(x + nx, y + ny);
  }
  for (const [colour, width] of [[HALO, 3.5], ["#7ee0ff", 1.5]]) {
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.stroke();
  }
  const { value, unit, source } = lineLength(from, to, pane.info.spacing);
  const digits = unit === "mm" ? 1 : 0;
  const text = `${value.toFixed(digits)} ${unit}, ${source}`;
  const x = Math.max(4, Math.min(x1 + 8, pane.size.width - g.measureText(text).width - 6));
  write(g, text, x, y1 + (x < x1 ? 18 : 4), "#7ee0ff");
}

function corners([x0, y0, x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

function trace(g, place, box) {
  corners(box).forEach(([x, y], index) => {
    const [sx, sy] = place(x, y);
    if (index) g.lineTo(sx, sy);
    else g.moveTo(sx, sy);
  });
  g.closePath();
}

function outline(g, place, box, { colour, width, dash = [], halo = 0.5 }) {
  g.save();
  g.beginPath();
  trace(g, place, box);
  g.strokeStyle = `rgba(0, 0, 0, ${halo})`;
  g.lineWidth = width + 2;
  g.stroke();
  g.setLineDash(dash);
  g.strokeStyle = colour;
  g.lineWidth = width;
  g.stroke();
  g.restore();
}

/** A label at the box's upper left corner on the screen, or below its lower left one. */
function labelBox({ g, pane, place, taken }, box, text, colour, below = false) {
  const points = corners(box).map(([x, y]) => place(x, y));
  const left = Math.min(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  const bottom = Math.max(...points.map(([, y]) => y));
  const y = below || top < 16 ? bottom + 13 : top - 5;
  const width = g.measureText(text).width;
  const x = Math.max(4, Math.min(left, pane.size.width - width - 4));
  const base = Math.min(y, pane.size.height - 4);
  taken.push([x, base - 11, x + width, base + 3]);
  write(g, text, x, base, colour);
}

function write(g, text, x, y, colour, align = "left") {
  g.textAlign = align;
  g.lineWidth = 3;
  g.strokeStyle = HALO;
  g.strokeText(text, x, y);
  g.fillStyle = colour;
  g.fillText(text, x, y);
}
