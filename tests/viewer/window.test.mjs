// Window/level.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asPlainWindow, dragWindow, greyTable, presets, windowed } from "../../explorer/ui/components/viewer/js/maths/window.js";

const plain = { slope: 1, intercept: 0, inverted: false };
const linear = { kind: "window", center: 100, width: 51, function: "LINEAR" };

test("LINEAR follows the formula of the standard", () => {
  // center - 0.5 is the middle: 99.5; black up to 74.5, white from 124.5.
  assert.equal(windowed(74.5, linear), 0);
  assert.equal(windowed(99.5, linear), 0.5);
  assert.equal(windowed(124.5, linear), 1);
});

test("LINEAR_EXACT and SIGMOID are one half at the centre", () => {
  for (const name of ["LINEAR_EXACT", "SIGMOID"]) assert.equal(windowed(100, { ...linear, function: name }), 0.5);
});

test("a LINEAR window of width 1 is a step and not a division by zero", () => {
  const step = { ...linear, width: 1 };
  assert.deepEqual([windowed(99, step), windowed(100, step)], [0, 1]);
});

test("rescale comes before the window, inversion last", () => {
  const window = { kind: "window", center: 0, width: 200, function: "LINEAR_EXACT" };
  const table = greyTable(window, { slope: 2, intercept: -100, inverted: true });
  assert.deepEqual([table[0], table[50], table[100], table[65535]], [255, 128, 0, 0]);
});

test("a look-up table holds its ends", () => {
  const table = { kind: "table", first: 10, values: Float32Array.from([0, 0.5, 1]) };
  assert.deepEqual([9, 10, 11, 12, 99].map((value) => windowed(value, table)), [0, 0, 0.5, 1, 1]);
  assert.deepEqual([asPlainWindow(table).center, asPlainWindow(table).width], [11, 2]);
});

test("dragging right widens, dragging down raises the centre, width stays above zero", () => {
  const moved = dragWindow(linear, 512, 256, 1000);
  assert.deepEqual([moved.width, moved.center], [1051, 600]);
  assert.ok(dragWindow(linear, -1e6, 0, 1000).width > 0);
});

test("keys 1 to 6 are the file's window and five percentile ranges", () => {
  const percentiles = { 0: 0, 0.1: 1, 1: 10, 2: 20, 5: 50, 95: 950, 98: 980, 99: 990, 99.9: 999, 100: 1000 };
  const shown = presets([{ ...linear, name: "Lung" }, { ...linear, name: "Bone" }], percentiles);
  assert.deepEqual(shown.map(({ name }) => name), ["Lung", "Full range", "0.1 to 99.9 %", "1 to 99 %", "2 to 98 %", "5 to 95 %", "Bone"]);
  assert.deepEqual([shown[5].center, shown[5].width], [500, 900]);
  assert.equal(greyTable(shown[1], plain)[1000], 255);
});
