// What a person drew: boxes, rulers and angles.

import { angleBetween, lineLength, shortLength } from "../maths/ruler.js";
import { corners, labelBox, outline, strokeLine, write } from "./strokes.js";

export const BOX_COLOUR = "#ffe14d";
const MEASURE_COLOUR = "#7ee0ff";

export function drawBoxes(draw) {
  for (const { box, number, draft } of draw.pane.viewer.boxesOf(draw.pane)) {
    const { g, place } = draw;
    outline(draw, box, { colour: BOX_COLOUR, width: draft ? 1.5 : 2 });
    if (!draft) labelBox(draw, box, `box ${number}`, BOX_COLOUR);
    g.fillStyle = BOX_COLOUR;
    for (const [x, y] of corners(box).map(([cx, cy]) => place(cx, cy))) g.fillRect(x - 2.5, y - 2.5, 5, 5);
  }
}

export function drawMeasures(draw) {
  for (const { kind, points } of draw.pane.viewer.measures.shownOn(draw.pane)) {
    const places = points.map(([x, y]) => draw.place(x, y));
    if (kind === "ruler") drawRuler(draw, points, places);
    else drawAngle(draw, points, places);
  }
}

function drawRuler({ g, pane }, [from, to], [[x0, y0], [x1, y1]]) {
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
  strokeLine(g, MEASURE_COLOUR);
  label(g, pane, shortLength(lineLength(from, to, pane.info.spacing)), [x1, y1]);
}

function drawAngle({ g, pane }, points, places) {
  g.beginPath();
  places.forEach(([x, y], index) => (index ? g.lineTo(x, y) : g.moveTo(x, y)));
  strokeLine(g, MEASURE_COLOUR);
  if (points.length < 3) return label(g, pane, "now the other arm", places[1]);
  const [[ax, ay], [vx, vy], [bx, by]] = places;
  const start = Math.atan2(ay - vy, ax - vx);
  let sweep = Math.atan2(by - vy, bx - vx) - start;
  if (Math.abs(sweep) > Math.PI) sweep -= Math.sign(sweep) * 2 * Math.PI;
  const radius = Math.min(24, Math.hypot(ax - vx, ay - vy) / 2, Math.hypot(bx - vx, by - vy) / 2);
  g.beginPath();
  g.arc(vx, vy, radius, start, start + sweep, sweep < 0);
  strokeLine(g, MEASURE_COLOUR, 1);
  const middle = start + sweep / 2;
  const beside = [vx + Math.cos(middle) * (radius + 12) - 8, vy + Math.sin(middle) * (radius + 12)];
  return label(g, pane, `${angleBetween(...points, pane.info.spacing).toFixed(1)}\u00b0`, beside);
}

/** Text beside a point, kept inside the pane. */
function label(g, pane, text, [x, y]) {
  const left = Math.max(4, Math.min(x + 8, pane.size.width - g.measureText(text).width - 6));
  const base = Math.min(Math.max(y + (left < x ? 18 : 4), 14), pane.size.height - 6);
  write(g, text, left, base, MEASURE_COLOUR);
}
