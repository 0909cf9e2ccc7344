// Two maps of one film against one another: in one frame, whatever the grids they come from.
//
// Both are read on a lattice over the part of the film that both models saw, finer than either
// grid; values between cell centres are interpolated as everywhere.

import { seenRect, valueAt } from "./frame.js";

const PER_CELL = 4;
const MOST_SIDE = 160;
const LIMITS = [0.05, 0.1, 0.25, 0.5, 1, 2];

/** The lattice as a frame: its cells divide what both saw; null when that is nothing. */
export function jointFrame(a, b) {
  const [p, q] = [seenRect(a), seenRect(b)];
  const [x0, y0] = [Math.max(p[0], q[0]), Math.max(p[1], q[1])];
  const [x1, y1] = [Math.min(p[2], q[2]), Math.min(p[3], q[3])];
  if (!(x1 > x0 && y1 > y0)) return null;
  const columns = side(x1 - x0, a.inputColumns / a.gridColumns / a.scaleX, b.inputColumns / b.gridColumns / b.scaleX);
  const rows = side(y1 - y0, a.inputRows / a.gridRows / a.scaleY, b.inputRows / b.gridRows / b.scaleY);
  const scaleX = columns / (x1 - x0);
  const scaleY = rows / (y1 - y0);
  const { imageHeight, imageWidth } = a;
  return {
    imageHeight, imageWidth, inputRows: rows, inputColumns: columns, gridRows: rows, gridColumns: columns,
    scaleX, scaleY, offsetX: -x0 * scaleX, offsetY: -y0 * scaleY,
  };
}

function side(length, ...cells) {
  return Math.max(2, Math.min(MOST_SIDE, Math.ceil((PER_CELL * length) / Math.min(...cells))));
}

/** A map on the lattice, each value put through `read`. */
export function onLattice({ cosine, frame }, lattice, read = (value) => value) {
  const { gridRows, gridColumns, scaleX, scaleY, offsetX, offsetY } = lattice;
  const values = new Float32Array(gridRows * gridColumns);
  for (let row = 0, at = 0; row < gridRows; row++) {
    const y = (row + 0.5 - offsetY) / scaleY;
    for (let column = 0; column < gridColumns; column++, at++) {
      values[at] = read(valueAt(cosine, frame, (column + 0.5 - offsetX) / scaleX, y));
    }
  }
  return values;
}

/** Share of values that are lower, half of equal ones counted, [0, 1]: what needs no common scale. */
export function ranks(values) {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const found = new Float32Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) found[order[k]] = (start + end) / 2 / values.length;
    start = end;
  }
  return found;
}

/**
 * First minus second map.
 * @param {"score" | "cosine" | "rank"} quantity what is subtracted
 * @returns {{values: Float32Array, frame: object, limit: number} | null} `limit` is the end of a
 *   colour scale that has zero in the middle: the smallest round number no value exceeds
 */
export function difference(a, b, quantity) {
  const frame = jointFrame(a.frame, b.frame);
  if (!frame) return null;
  const [first, second] = [a, b].map((map) => {
    if (quantity === "rank") return ranks(onLattice(map, frame));
    return onLattice(map, frame, quantity === "score" ? (value) => map.scoreOf(value) : undefined);
  });
  const values = first.map((value, at) => value - second[at]);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { values, frame, limit: LIMITS.find((limit) => limit >= largest - 1e-6) ?? largest };
}

/**
 * How far two maps point at the same place.
 * @returns {{iou: number, r: number} | null} overlap of what lies above each map's threshold of the
 *   score, NaN where neither marks anything; Pearson correlation of the values, NaN for a flat map
 */
export function agreementOfMaps(a, b, thresholdA, thresholdB) {
  const frame = jointFrame(a.frame, b.frame);
  if (!frame) return null;
  const [first, second] = [onLattice(a, frame), onLattice(b, frame)];
  const [cutA, cutB] = [a.cutFor("cosine", thresholdA), b.cutFor("cosine", thresholdB)];
  let both = 0;
  let either = 0;
  for (let at = 0; at < first.length; at++) {
    const [marksA, marksB] = [first[at] > cutA, second[at] > cutB];
    both += marksA && marksB;
    either += marksA || marksB;
  }
  return { iou: either ? both / either : NaN, r: correlation(first, second) };
}

function correlation(a, b) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [da, db] = [a[at] - meanA, b[at] - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa > 1e-12 * a.length && bb > 1e-12 * b.length ? ab / Math.sqrt(aa * bb) : NaN;
}
