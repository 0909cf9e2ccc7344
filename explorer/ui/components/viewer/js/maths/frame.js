// Where the patch grid lies on the radiograph: the affine of ModelFrame, read from the browser.

/** Grid coordinate (cell 0 is [0, 1)) of an image coordinate along x. */
export function gridX(frame, x) {
  return ((x * frame.scaleX + frame.offsetX) * frame.gridColumns) / frame.inputColumns;
}

/** Grid coordinate of an image coordinate along y. */
export function gridY(frame, y) {
  return ((y * frame.scaleY + frame.offsetY) * frame.gridRows) / frame.inputRows;
}

/** Image coordinate of a grid coordinate along x. */
export function imageX(frame, u) {
  return ((u * frame.inputColumns) / frame.gridColumns - frame.offsetX) / frame.scaleX;
}

/** Image coordinate of a grid coordinate along y. */
export function imageY(frame, v) {
  return ((v * frame.inputRows) / frame.gridRows - frame.offsetY) / frame.scaleY;
}

/** The part of the image that the model saw, as [x0, y0, x1, y1] in image pixels. */
export function seenRect(frame) {
  return [
    Math.max(0, imageX(frame, 0)),
    Math.max(0, imageY(frame, 0)),
    Math.min(frame.imageWidth, imageX(frame, frame.gridColumns)),
    Math.min(frame.imageHeight, imageY(frame, frame.gridRows)),
  ];
}

/** Whether the model saw the whole image, to half a pixel. */
export function seesAll(frame) {
  const [x0, y0, x1, y1] = seenRect(frame);
  return x0 < 0.5 && y0 < 0.5 && x1 > frame.imageWidth - 0.5 && y1 > frame.imageHeight - 0.5;
}

/**
 * Linear interpolation weights of every pixel centre along one axis.
 * @returns seen [first, last) pixels, `below` cell and `share` of the next cell for each pixel
 */
export function axisWeights(frame, axis) {
  const along = axis === "x";
  const length = along ? frame.imageWidth : frame.imageHeight;
  const cells = along ? frame.gridColumns : frame.gridRows;
  const place = along ? gridX : gridY;
  const below = new Int32Array(length);
  const share = new Float32Array(length);
  let first = length;
  let last = 0;
  for (let i = 0; i < length; i++) {
    const at = place(frame, i + 0.5);
    if (!(at >= 0 && at < cells)) continue;
    if (i < first) first = i;
    last = i + 1;
    const centered = Math.min(Math.max(at - 0.5, 0), cells - 1);
    below[i] = Math.min(Math.floor(centered), Math.max(cells - 2, 0));
    share[i] = centered - below[i];
  }
  return { first: Math.min(first, last), last, below, share, cells };
}

/** Interpolated grid value at an image point; NaN where the model did not look. */
export function valueAt(grid, frame, x, y) {
  const u = gridX(frame, x);
  const v = gridY(frame, y);
  const inside = x >= 0 && y >= 0 && x < frame.imageWidth && y < frame.imageHeight;
  if (!inside || !(u >= 0 && v >= 0 && u < frame.gridColumns && v < frame.gridRows)) return NaN;
  return sampleGrid(grid, frame.gridRows, frame.gridColumns, u, v);
}

/** Linear interpolation between cell centres, held constant beyond the outermost ones. */
export function sampleGrid(grid, rows, columns, u, v) {
  const x = Math.min(Math.max(u - 0.5, 0), columns - 1);
  const y = Math.min(Math.max(v - 0.5, 0), rows - 1);
  const x0 = Math.min(Math.floor(x), Math.max(columns - 2, 0));
  const y0 = Math.min(Math.floor(y), Math.max(rows - 2, 0));
  const x1 = Math.min(x0 + 1, columns - 1);
  const y1 = Math.min(y0 + 1, rows - 1);
  const fx = x - x0;
  const fy = y - y0;
  const top = grid[y0 * columns + x0] * (1 - fx) + grid[y0 * columns + x1] * fx;
  const bottom = grid[y1 * columns + x0] * (1 - fx) + grid[y1 * columns + x1] * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Calibrated score in [0, 1] of a cosine. */
export function score(cosine, scale, bias) {
  return 1 / (1 + Math.exp(-(cosine * scale + bias)));
}

/** The cosine that has this calibrated score. */
export function cosineOfScore(value, scale, bias) {
  const p = Math.min(Math.max(value, 1e-6), 1 - 1e-6);
  return (Math.log(p / (1 - p)) - bias) / scale;
}
