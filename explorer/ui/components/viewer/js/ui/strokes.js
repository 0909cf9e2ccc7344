// Lines, boxes and labels on the marks canvas, each with a dark halo so that it shows on any film.

import { toScreen } from "../maths/view.js";

export const FONT = "600 11px system-ui, -apple-system, 'Segoe UI', sans-serif";
const HALO = "rgba(0, 0, 0, 0.85)";

/** What the drawing functions share: context, pane, image-to-screen, rectangles that are taken. */
export function startDrawing(pane) {
  const { marks, ratio, size } = pane;
  const g = marks.getContext("2d");
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.clearRect(0, 0, marks.width, marks.height);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.font = FONT;
  g.lineJoin = "round";
  return { g, pane, place: (x, y) => toScreen(pane.view, size, x, y), taken: [] };
}

export function corners([x0, y0, x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

/** Add a box of image pixels to the path. */
export function trace(g, place, box) {
  corners(box).forEach(([x, y], index) => {
    const [sx, sy] = place(x, y);
    if (index) g.lineTo(sx, sy);
    else g.moveTo(sx, sy);
  });
  g.closePath();
}

export function outline({ g, place }, box, { colour, width, dash = [], halo = 0.6 }) {
  g.save();
  g.beginPath();
  trace(g, place, box);
  g.setLineDash(dash);
  g.strokeStyle = `rgba(0, 0, 0, ${halo})`;
  g.lineWidth = width + 2.5;
  g.stroke();
  g.strokeStyle = colour;
  g.lineWidth = width;
  g.stroke();
  g.restore();
}

/** Stroke the path that was begun, dark beneath and coloured on top. */
export function strokeLine(g, colour, width = 1.5) {
  for (const [shade, thickness] of [[HALO, width + 2], [colour, width]]) {
    g.strokeStyle = shade;
    g.lineWidth = thickness;
    g.stroke();
  }
}

/** A label at the box's upper left corner on the screen, or below its lower left one. */
export function labelBox({ g, pane, place, taken }, box, text, colour, below = false) {
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

/** Whether a label's rectangle lies inside the pane and clear of the others. */
export function isFree([x0, y0, x1, y1], taken, { width, height }) {
  if (x0 < 2 || y0 < 2 || x1 > width - 2 || y1 > height - 2) return false;
  return taken.every(([a0, b0, a1, b1]) => x1 < a0 || a1 < x0 || y1 < b0 || b1 < y0);
}

export function write(g, text, x, y, colour, align = "left") {
  g.textAlign = align;
  g.lineWidth = 4;
  g.strokeStyle = HALO;
  g.strokeText(text, x, y);
  g.fillStyle = colour;
  g.fillText(text, x, y);
}

/** A pattern of slanted lines. */
export function hatching(g, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const t = tile.getContext("2d");
  t.strokeStyle = colour;
  t.beginPath();
  for (const shift of [-10, 0, 10]) {
    t.moveTo(shift, 10);
    t.lineTo(shift + 10, 0);
  }
  t.stroke();
  return g.createPattern(tile, "repeat");
}
