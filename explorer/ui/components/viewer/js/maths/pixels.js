// 16-bit levels: unpacked, halved into smaller copies, and resampled to the screen.

/** Inflate zlib bytes. */
export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Undo zigzag and row differences of `pack_levels`; planes hold all low bytes, then all high. */
export function unfoldLevels(planes, height, width) {
  const count = height * width;
  if (planes.length !== 2 * count) {
    throw new Error(`Levels of ${height} x ${width} need ${2 * count} bytes, got ${planes.length}.`);
  }
  const levels = new Uint16Array(count);
  let at = 0;
  for (let row = 0; row < height; row++) {
    let level = 0;
    for (let column = 0; column < width; column++, at++) {
      const folded = planes[at] | (planes[count + at] << 8);
      level = (level + ((folded >>> 1) ^ -(folded & 1))) & 0xffff;
      levels[at] = level;
    }
  }
  return levels;
}

/** Average 2 x 2 blocks; an odd last row or column is dropped unless it is the only one. */
export function halve({ levels, width, height }) {
  const w = Math.max(1, width >> 1);
  const h = Math.max(1, height >> 1);
  const smaller = new Uint16Array(w * h);
  for (let row = 0; row < h; row++) {
    const top = Math.min(2 * row, height - 1) * width;
    const bottom = Math.min(2 * row + 1, height - 1) * width;
    for (let column = 0; column < w; column++) {
      const left = Math.min(2 * column, width - 1);
      const right = Math.min(left + 1, width - 1);
      const sum = levels[top + left] + levels[top + right] + levels[bottom + left] + levels[bottom + right];
      smaller[row * w + column] = (sum + 2) >> 2;
    }
  }
  return { levels: smaller, width: w, height: h };
}

/** The image and its halves down to about 256 pixels; entry k is 2^k times smaller. */
export function pyramid(levels, width, height) {
  const copies = [{ levels, width, height }];
  while (Math.max(copies.at(-1).width, copies.at(-1).height) > 256) copies.push(halve(copies.at(-1)));
  return copies;
}

/** The smallest copy that still has a pixel for every screen pixel at `scale` (screen / image). */
export function pyramidLevel(scale, count) {
  const level = Math.floor(Math.log2(1 / scale) + 1e-9);
  return Math.min(Math.max(level, 0), count - 1);
}

/**
 * Where the pixels of one screen axis fall on one image axis.
 * @param {number} length pixels of the screen axis
 * @param {(i: number) => number} position image coordinate (edges at integers) of screen pixel i's centre
 * @param {number} extent image pixels along this axis; screen pixels outside [0, extent) are left out
 * @param {number} samples stored samples along this axis
 * @param {number} step image pixels between samples; sample k covers [k step, (k + 1) step)
 * @param {number} stride distance between neighbours in memory
 * @returns first, last (screen range inside), near and far (memory offsets), share (0..256 of far)
 */
export function axisTable(length, position, extent, samples, step, stride) {
  const near = new Int32Array(length);
  const far = new Int32Array(length);
  const share = new Int32Array(length);
  let first = length;
  let last = 0;
  for (let i = 0; i < length; i++) {
    const x = position(i);
    if (!(x >= 0 && x < extent)) continue;
    if (i < first) first = i;
    last = i + 1;
    const at = Math.min(Math.max(x / step - 0.5, 0), samples - 1);
    const below = Math.min(Math.floor(at), Math.max(samples - 2, 0));
    near[i] = below * stride;
    far[i] = Math.min(below + 1, samples - 1) * stride;
    share[i] = Math.round((at - below) * 256);
  }
  return { first: Math.min(first, last), last, near, far, share };
}

/** Interpolate levels linearly into `out` (screen columns x rows); pixels outside are not written. */
export function resampleLevels(levels, across, down, columns, out) {
  const { near, far, share } = across;
  for (let row = down.first; row < down.last; row++) {
    const top = down.near[row];
    const bottom = down.far[row];
    const low = down.share[row];
    const high = 256 - low;
    const start = row * columns;
    for (let i = across.first; i < across.last; i++) {
      const a = near[i];
      const b = far[i];
      const f = share[i];
      const g = 256 - f;
      // 16-bit level x 256 fits 24 bits; four are given up so that the second product fits too.
      const above = (levels[top + a] * g + levels[top + b] * f) >> 4;
      const below = (levels[bottom + a] * g + levels[bottom + b] * f) >> 4;
      out[start + i] = (above * high + below * low + 2048) >> 12;
    }
  }
}
