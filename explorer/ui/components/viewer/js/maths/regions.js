// Regions of a map at the threshold in force: explorer/grounding/regions.py, in the browser.

import { axisWeights, score } from "./frame.js";

// The same figures as in regions.py, so that both sides find the same regions.
const WORK_SIDE = 320;
const MIN_AREA_FRACTION = 0.0005;

/**
 * The score on a copy of at most WORK_SIDE pixels a side; NaN where the model did not look.
 * @param {(cosine: number) => number} read score of a cosine
 */
export function workScore({ cosine, scale, bias, frame }, read = (value) => score(value, scale, bias)) {
  const { imageHeight, imageWidth, gridColumns: columns, gridRows } = frame;
  const shrink = Math.min(1, WORK_SIDE / Math.max(imageHeight, imageWidth));
  const height = Math.max(1, roundHalfEven(imageHeight * shrink));
  const width = Math.max(1, roundHalfEven(imageWidth * shrink));
  const small = {
    ...frame,
    imageHeight: height,
    imageWidth: width,
    scaleX: (frame.scaleX * imageWidth) / width,
    scaleY: (frame.scaleY * imageHeight) / height,
  };
  const across = axisWeights(small, "x");
  const down = axisWeights(small, "y");
  const values = new Float32Array(width * height).fill(NaN);
  const line = new Float32Array(columns);
  for (let y = down.first; y < down.last; y++) {
    const top = down.below[y] * columns;
    const bottom = Math.min(down.below[y] + 1, gridRows - 1) * columns;
    const low = down.share[y];
    for (let c = 0; c < columns; c++) line[c] = cosine[top + c] * (1 - low) + cosine[bottom + c] * low;
    for (let x = across.first; x < across.last; x++) {
      const left = across.below[x];
      const share = across.share[x];
      const value = line[left] * (1 - share) + line[Math.min(left + 1, columns - 1)] * share;
      values[y * width + x] = read(value);
    }
  }
  const seen = Math.max(1, (down.last - down.first) * (across.last - across.first));
  return { values, width, height, seen };
}

/**
 * Connected parts (8 neighbours) strictly above a threshold, the highest peak first.
 * @param {{values: Float32Array, width: number, height: number, seen: number}} work from `workScore`
 * @returns {{regions: {box: number[], peak: number, area: number, label: number}[], labels: Int32Array}}
 *   boxes in original pixels, area as a share of the seen image; `labels` names the part of every
 *   work pixel, 0 for none
 */
export function findRegions(work, frame, threshold) {
  const { values, width, height, seen } = work;
  const labels = new Int32Array(width * height);
  const stack = new Int32Array(width * height);
  const across = frame.imageWidth / width;
  const down = frame.imageHeight / height;
  const regions = [];
  let label = 0;
  for (let start = 0; start < values.length; start++) {
    if (labels[start] !== 0 || !(values[start] > threshold)) continue;
    label += 1;
    const part = fill(work, labels, stack, start, label, threshold);
    if (part.count < MIN_AREA_FRACTION * seen) continue;
    const box = [part.x0 * across, part.y0 * down, part.x1 * across, part.y1 * down];
    regions.push({ box, peak: part.peak, area: part.count / seen, label });
  }
  return { regions: regions.sort((a, b) => b.peak - a.peak), labels };
}

/** Label one part from one of its pixels; returns its extent (half-open), size and peak. */
function fill({ values, width, height }, labels, stack, start, label, threshold) {
  const part = { x0: width, y0: height, x1: 0, y1: 0, count: 0, peak: -Infinity };
  let top = 0;
  stack[top++] = start;
  labels[start] = label;
  while (top > 0) {
    const at = stack[--top];
    const x = at % width;
    const y = (at - x) / width;
    part.count += 1;
    part.x0 = Math.min(part.x0, x);
    part.x1 = Math.max(part.x1, x + 1);
    part.y0 = Math.min(part.y0, y);
    part.y1 = Math.max(part.y1, y + 1);
    part.peak = Math.max(part.peak, values[at]);
    for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
      for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
        const next = ny * width + nx;
        if (labels[next] !== 0 || !(values[next] > threshold)) continue;
        labels[next] = label;
        stack[top++] = next;
      }
    }
  }
  return part;
}

/** [row, from, to) of every run of work pixels that belongs to one of these regions. */
export function runsOf({ regions, labels }, width) {
  const kept = new Set(regions.map(({ label }) => label));
  const runs = [];
  for (let at = 0; at < labels.length; at++) {
    if (!kept.has(labels[at])) continue;
    const row = Math.floor(at / width);
    const from = at;
    while (at + 1 < (row + 1) * width && kept.has(labels[at + 1])) at++;
    runs.push([row, from - row * width, at + 1 - row * width]);
  }
  return runs;
}

/** Python's round: a half goes to the even neighbour. */
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
