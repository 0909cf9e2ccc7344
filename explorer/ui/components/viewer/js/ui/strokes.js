// Lines, boxes and labels on the marks canvas, each with a dark halo so that it shows on any film.

import { toScreen } from "../maths/view.js";

export const FONT = "600 11px system-ui, -apple-system, 'Segoe UI', sans-serif";
const HALO = "rgba(0, 0, 0, 0.85)";

/** What the drawing functions share: context, pane, image-to-screen, taken rectangles, labels to write. */
export function startDrawing(pane) {
  const { marks, ratio, size } = pane;
  const g = marks.getContext("2d");
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.clearRect(0, 0, marks.width, marks.height);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.font = FONT;
  g.lineJoin = "round";
  return { g, pane, place: (x, y) => toScreen(pane.view, size, x, y), taken: sideLetters(pane), labels: [] };
}

/** Rectangles of the letters that stand for the patient's sides; labels keep clear of them. */
function sideLetters({ corners: text, size }) {
  const [top, wide, high] = [0.26 * size.height, 32, 24]; // as in the style sheet
  return [["left", 0], ["right", size.width - wide]]
    .filter(([side]) => text[side].textContent)
    .map(([, x]) => [x, top, x + wide, top + high]);
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

/** A label at the box's upper left corner on the screen, or below its lower left one; written with the others. */
export function labelBox({ g, pane, place, taken, labels }, box, text, colour, below = false) {
  const points = corners(box).map(([x, y]) => place(x, y));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const edges = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
  const { x, base, rect } = labelPlace(edges, g.measureText(text).width, pane.size, taken, below);
  taken.push(rect);
  labels.push([text, x, base, colour]);
}

/** The labels of boxes, above all lines. */
export function writeLabels({ g, labels }) {
  for (const label of labels.splice(0)) write(g, ...label);
}

/**
 * Where the label of a box stands: above, below, right, left or inside of it, the first that is free.
 * @param {number} width of the text, CSS pixels as all numbers here
 * @param {boolean} below whether below is tried first
 */
export function labelPlace({ left, top, right, bottom }, width, size, taken, below = false) {
  const inPane = Math.max(4, Math.min(left, size.width - width - 4));
  const starts = [[inPane, top - 5], [inPane, bottom + 13], [right + 5, top + 10], [left - width - 5, top + 10], [inPane, top + 13]];
  if (below || top < 16) starts.splice(0, 2, starts[1], starts[0]);
  const places = starts.map(([x, y]) => {
    const base = Math.min(y, size.height - 4);
    return { x, base, rect: [x, base - 11, x + width, base + 3] };
  });
  return places.find(({ rect }) => isFree(rect, taken, size)) ?? places[0];
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
