// Everything drawn over the picture: contour lines, regions, boxes, ruler, frame of the model.

import { seenRect, seesAll } from "../maths/frame.js";
import { lineLength } from "../maths/ruler.js";
import { orientation, toScreen } from "../maths/view.js";

export const BOX_COLOUR = "#ffe14d";
const FONT = "600 11px system-ui, -apple-system, 'Segoe UI', sans-serif";
const HALO = "rgba(0, 0, 0, 0.75)";
const SHORTEST_LABELLED_LINE = 70;

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
  const draw = { g, pane, place };
  if (!state.hidden && state.overlay) {
    drawUnseen(draw);
    drawContours(draw);
    if (state.regions) drawRegions(draw);
  }
  if (!state.hidden) for (const box of viewer.boxesOf(pane)) drawDrawnBox(draw, box);
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
  outline(g, place, seen, { colour: "#c8d0d4", dash: [3, 5], width: 1 });
}

function hatch(g) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const t = tile.getContext("2d");
  t.strokeStyle = "rgba(200, 208, 212, 0.45)";
  t.beginPath();
  for (const shift of [-10, 0, 10]) {
    t.moveTo(shift, 10);
    t.lineTo(shift + 10, 0);
  }
  t.stroke();
  return g.createPattern(tile, "repeat");
}

function drawContours({ g, pane, place }) {
  const { map, phrase, viewer } = pane;
  const { state } = viewer;
  if (!map || !state.contours) return;
  const cut = map.linesAt("score", state.threshold ?? map.threshold);
  const regular = state.step === "off" ? [] : map.contours(state.quantity, state.step);
  for (const { level, lines, path } of regular) {
    strokePath(g, pane, path, { colour: "rgba(255, 255, 255, 0.75)", width: 1 });
    labelLines(g, pane, lines, place, formatLevel(level), "#ffffff");
  }
  strokePath(g, pane, cut.path, { colour: phrase.color, width: 2 });
  labelLines(g, pane, cut.lines, place, `threshold ${formatLevel(cut.level)}`, phrase.color, 0.25);
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
  g.strokeStyle = HALO;
  g.lineWidth = (width + 1.5) / view.scale;
  g.stroke(path);
  g.strokeStyle = colour;
  g.lineWidth = width / view.scale;
  g.stroke(path);
  g.restore();
}

/** One label on every line that is long enough on the screen, where the line is inside it. */
function labelLines(g, pane, lines, place, text, colour, share = 0.5) {
  for (const line of lines) {
    const length = line.length * pane.view.scale * stepOf(line);
    if (length < SHORTEST_LABELLED_LINE) continue;
    const [x, y] = place(...line[Math.floor(line.length * share)]);
    write(g, text, x, y, colour, "center");
  }
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
    const own = phrase !== null && sentence !== null && sentence === phrase.sentence;
    const colour = own || sentence === null ? "#ffffff" : "rgba(255, 255, 255, 0.45)";
    outline(g, place, box, { colour, width: 1.5, dash: [7, 5] });
    labelBox(draw, box, `reference: ${label}`, colour, true);
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
  write(g, `${value.toFixed(digits)} ${unit} (${source})`, x1 + 8, y1 + 4, "#7ee0ff");
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

function outline(g, place, box, { colour, width, dash = [] }) {
  g.save();
  g.beginPath();
  trace(g, place, box);
  g.strokeStyle = HALO;
  g.lineWidth = width + 2;
  g.setLineDash(dash);
  g.stroke();
  g.strokeStyle = colour;
  g.lineWidth = width;
  g.stroke();
  g.restore();
}

/** A label at the box's upper left corner on the screen, or below its lower left one. */
function labelBox({ g, pane, place }, box, text, colour, below = false) {
  const points = corners(box).map(([x, y]) => place(x, y));
  const left = Math.min(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  const bottom = Math.max(...points.map(([, y]) => y));
  const y = below || top < 16 ? bottom + 13 : top - 5;
  const widest = pane.size.width - g.measureText(text).width - 4;
  write(g, text, Math.max(4, Math.min(left, widest)), Math.min(y, pane.size.height - 4), colour);
}

function write(g, text, x, y, colour, align = "left") {
  g.textAlign = align;
  g.lineWidth = 3;
  g.strokeStyle = HALO;
  g.strokeText(text, x, y);
  g.fillStyle = colour;
  g.fillText(text, x, y);
}
