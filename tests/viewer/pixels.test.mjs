// Unpacking and resampling of 16-bit levels.

import assert from "node:assert/strict";
import { test } from "node:test";

import { axisTable, halve, pyramid, pyramidLevel, resampleLevels, unfoldLevels } from "../../explorer/ui/components/viewer/js/maths/pixels.js";

test("rows of differences become levels, and differences wrap at 65536", () => {
  // Differences +7, -7 (wrapped), -1 (wrapped to 65535): zigzag 14, 13, 1; low bytes then high.
  const planes = Uint8Array.from([14, 13, 1, 0, 0, 0]);
  assert.deepEqual([...unfoldLevels(planes, 1, 3)], [7, 0, 65535]);
});

test("a message of the wrong length is refused", () => {
  assert.throws(() => unfoldLevels(new Uint8Array(3), 1, 2), /need 4 bytes, got 3/);
});

test("halving averages blocks of four and rounds to the nearest", () => {
  const half = halve({ levels: Uint16Array.from([1, 2, 3, 4, 65535, 65535, 65535, 65535]), width: 2, height: 4 });
  assert.deepEqual([...half.levels], [3, 65535]);
  assert.deepEqual([half.width, half.height], [1, 2]);
});

test("an image of one pixel has a pyramid of one copy", () => {
  assert.equal(pyramid(Uint16Array.from([5]), 1, 1).length, 1);
});

test("a copy is chosen that still has a pixel for every screen pixel", () => {
  assert.equal(pyramidLevel(1, 4), 0);
  assert.equal(pyramidLevel(0.5, 4), 1);
  assert.equal(pyramidLevel(0.4, 4), 1);
  assert.equal(pyramidLevel(0.01, 4), 3);
  assert.equal(pyramidLevel(8, 4), 0);
});

test("at scale 1 every screen pixel is its image pixel", () => {
  const levels = Uint16Array.from([0, 1000, 65535, 7, 8, 9]);
  const across = axisTable(3, (i) => i + 0.5, 3, 3, 1, 1);
  const down = axisTable(2, (i) => i + 0.5, 2, 2, 1, 3);
  const out = new Uint16Array(6);
  resampleLevels(levels, across, down, 3, out);
  assert.deepEqual([...out], [...levels]);
});

test("between two pixels the level is their mean, to a sixteenth", () => {
  const across = axisTable(1, () => 1, 2, 2, 1, 1);
  const down = axisTable(1, () => 0.5, 1, 1, 1, 2);
  const out = new Uint16Array(1);
  resampleLevels(Uint16Array.from([100, 65000]), across, down, 1, out);
  assert.equal(out[0], 32550);
});

test("screen pixels outside the image are left out of the range", () => {
  const table = axisTable(10, (i) => i - 3 + 0.5, 4, 4, 1, 1);
  assert.deepEqual([table.first, table.last], [3, 7]);
});
