// How well a map agrees with boxes, over the pixels of the original image.
//
// The map at a pixel is linear interpolation of the grid, so sums over a rectangle need no pass
// over its pixels: with interpolation weights a_y and b_x, the value is a_y G b_x, and
// sum of squares = trace(A G B G^T) with A = sum a_y a_y^T and B = sum b_x b_x^T (tridiagonal).

import { axisWeights } from "./frame.js";

/** Everything about one map that boxes are measured against; made once a map. */
export function measurable(grid, frame) {
  const x = axisWeights(frame, "x");
  const y = axisWeights(frame, "y");
  const map = { grid, frame, x, y };
  map.all = sums(map, [0, 0, frame.imageWidth, frame.imageHeight]);
  map.peak = peak(map);
  return map;
}

/** Count, sum and sum of squares of the map over the seen pixels of [x0, y0, x1, y1). */
export function sums(map, [x0, y0, x1, y1]) {
  const across = moments(map.x, x0, x1);
  const down = moments(map.y, y0, y1);
  const rows = map.y.cells;
  const columns = map.x.cells;
  const g = map.grid;
  let sum = 0;
  const right = new Float64Array(rows * columns); // G B
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      sum += down.first[r] * g[at] * across.first[c];
      right[at] = g[at] * across.diagonal[c];
      if (c > 0) right[at] += g[at - 1] * across.beside[c - 1];
      if (c < columns - 1) right[at] += g[at + 1] * across.beside[c];
    }
  }
  let squares = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      let left = g[at] * down.diagonal[r];
      if (r > 0) left += g[at - columns] * down.beside[r - 1];
      if (r < rows - 1) left += g[at + columns] * down.beside[r];
      squares += left * right[at];
    }
  }
  return { count: across.count * down.count, sum, squares };
}

/** Sums of the weights and of their products over pixels [from, to) of an axis. */
function moments(axis, from, to) {
  const first = new Float64Array(axis.cells);
  const diagonal = new Float64Array(axis.cells);
  const beside = new Float64Array(axis.cells);
  const start = Math.max(from, axis.first);
  const end = Math.min(to, axis.last);
  for (let i = start; i < end; i++) {
    const k = axis.below[i];
    const f = axis.share[i];
    first[k] += 1 - f;
    diagonal[k] += (1 - f) * (1 - f);
    if (f === 0) continue;
    first[k + 1] += f;
    diagonal[k + 1] += f * f;
    beside[k] += f * (1 - f);
  }
  return { first, diagonal, beside, count: Math.max(0, end - start) };
}

/** Largest map value over the seen pixels; the first in row order when several are equal. */
function peak(map) {
  let best = { x: -1, y: -1, value: -Infinity };
  const { imageWidth, imageHeight } = map.frame;
  const { share } = map.x;
  eachPiece(map, [0, 0, imageWidth, imageHeight], (left, right, y, from, to) => {
    // The map is straight along a piece, so its largest pixel is the first or the last.
    for (const x of [from, to - 1]) {
      const value = left + (right - left) * share[x];
      if (value > best.value) best = { x, y, value };
    }
  });
  return best;
}

/** Number of seen pixels of a rectangle whose value is above `threshold`. */
export function countAbove(map, rectangle, threshold) {
  const { share } = map.x;
  let count = 0;
  eachPiece(map, rectangle, (left, right, y, from, to) => {
    if (left > threshold && right > threshold) {
      count += to - from;
    } else if (left > threshold || right > threshold) {
      for (let x = from; x < to; x++) if (left + (right - left) * share[x] > threshold) count++;
    }
  });
  return count;
}

/**
 * Calls `visit(left, right, y, from, to)` for every straight piece of every seen row of a
 * rectangle: pixels [from, to) of row y lie between two cells with these values in this row.
 */
function eachPiece({ grid, x, y }, [x0, y0, x1, y1], visit) {
  const columns = x.cells;
  const row = new Float64Array(columns + 1);
  const pieces = straightPieces(x, Math.max(x0, x.first), Math.min(x1, x.last));
  for (let j = Math.max(y0, y.first); j < Math.min(y1, y.last); j++) {
    const top = y.below[j] * columns;
    const bottom = Math.min(y.below[j] + 1, y.cells - 1) * columns;
    const f = y.share[j];
    for (let c = 0; c < columns; c++) row[c] = grid[top + c] + (grid[bottom + c] - grid[top + c]) * f;
    row[columns] = row[columns - 1];
    for (const [cell, from, to] of pieces) visit(row[cell], row[cell + 1], j, from, to);
  }
}

/** [cell, first pixel, last pixel + 1] of every run of pixels between the same two cells. */
function straightPieces({ below }, from, to) {
  const pieces = [];
  for (let i = from; i < to; i++) {
    if (i === from || below[i] !== below[i - 1]) pieces.push([below[i], i, i + 1]);
    else pieces.at(-1)[2] = i + 1;
  }
  return pieces;
}

/** The whole pixels a box touches, clipped to the image: [x0, y0, x1, y1) integers. */
export function pixelsOf([x0, y0, x1, y1], frame) {
  const clip = (value, high) => Math.min(Math.max(value, 0), high);
  return [
    clip(Math.floor(x0), frame.imageWidth),
    clip(Math.floor(y0), frame.imageHeight),
    clip(Math.ceil(x1), frame.imageWidth),
    clip(Math.ceil(y1), frame.imageHeight),
  ];
}

/** Cut overlapping rectangles into disjoint ones that cover the same pixels. */
export function disjoint(rectangles) {
  const edges = (at) => [...new Set(rectangles.flatMap((r) => [r[at], r[at + 2]]))].sort((a, b) => a - b);
  const xs = edges(0);
  const ys = edges(1);
  const pieces = [];
  for (let j = 0; j + 1 < ys.length; j++) {
    for (let i = 0; i + 1 < xs.length; i++) {
      const inside = rectangles.some(
        ([x0, y0, x1, y1]) => x0 <= xs[i] && xs[i + 1] <= x1 && y0 <= ys[j] && ys[j + 1] <= y1,
      );
      if (inside) pieces.push([xs[i], ys[j], xs[i + 1], ys[j + 1]]);
    }
  }
  return pieces;
}

/**
 * Agreement of a map with the union of boxes.
 * @returns cnr: (mean in - mean out) / sqrt(var in + var out), signed; NaN when one side has no seen pixel;
 *   iou: overlap of the boxes with the pixels strictly above `threshold`, in [0, 1];
 *   pointing: whether the map's largest value lies inside; meanIn, meanOut
 */
export function agreement(map, boxes, threshold) {
  const pieces = disjoint(boxes.map((box) => pixelsOf(box, map.frame)));
  const inside = { count: 0, sum: 0, squares: 0 };
  let area = 0;
  let both = 0;
  for (const piece of pieces) {
    const part = sums(map, piece);
    inside.count += part.count;
    inside.sum += part.sum;
    inside.squares += part.squares;
    area += (piece[2] - piece[0]) * (piece[3] - piece[1]);
    both += countAbove(map, piece, threshold);
  }
  const { all } = map;
  const within = spread(inside);
  const outside = spread({
    count: all.count - inside.count,
    sum: all.sum - inside.sum,
    squares: all.squares - inside.squares,
  });
  const either = area + aboveEverywhere(map, threshold) - both;
  const { x, y } = map.peak;
  return {
    cnr: contrastToNoise(within, outside),
    iou: either > 0 ? both / either : 0,
    pointing: pieces.some(([x0, y0, x1, y1]) => x0 <= x && x < x1 && y0 <= y && y < y1),
    meanIn: within.mean,
    meanOut: outside.mean,
  };
}

function contrastToNoise(within, outside) {
  const contrast = within.mean - outside.mean;
  const noise = Math.sqrt(within.variance + outside.variance);
  if (Number.isNaN(contrast) || noise > 0) return contrast / noise;
  return Math.abs(contrast) < 1e-9 ? 0 : Math.sign(contrast) * Infinity;
}

/** Mean and population variance; NaN without pixels. */
function spread({ count, sum, squares }) {
  if (count === 0) return { mean: NaN, variance: NaN };
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  // What rounding leaves of a constant is no variance.
  return { mean, variance: variance > 1e-12 * (1 + mean * mean) ? variance : 0 };
}

/** Pixels above the threshold in the whole image; remembered for the last threshold. */
function aboveEverywhere(map, threshold) {
  if (map.aboveThreshold !== threshold) {
    const { imageWidth, imageHeight } = map.frame;
    map.above = countAbove(map, [0, 0, imageWidth, imageHeight], threshold);
    map.aboveThreshold = threshold;
  }
  return map.above;
}
