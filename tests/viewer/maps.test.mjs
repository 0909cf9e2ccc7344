// Frame, metrics, contour lines, colours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { colourAt, overlayIndex, paint, tintTable } from "../../explorer/ui/components/viewer/js/maths/colour.js";
import { contourLevels, contourLines, refine } from "../../explorer/ui/components/viewer/js/maths/contour.js";
import { cosineOfScore, score, seenRect, seesAll, valueAt } from "../../explorer/ui/components/viewer/js/maths/frame.js";
import { agreement, disjoint, measurable } from "../../explorer/ui/components/viewer/js/maths/metrics.js";

/** A 4 x 4 image seen as a 4 x 4 input with a 2 x 2 grid. */
const frame = { imageHeight: 4, imageWidth: 4, inputRows: 4, inputColumns: 4, gridRows: 2, gridColumns: 2, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
const grid = Float32Array.from([0, 1, 0, 1]);

test("values run straight between cell centres and are held beyond them", () => {
  assert.deepEqual([0.5, 1, 2, 3, 3.5].map((x) => valueAt(grid, frame, x, 1)), [0, 0, 0.5, 1, 1]);
});

test("there is no value where the model did not look", () => {
  const crop = { ...frame, offsetX: -1 };
  assert.ok(Number.isNaN(valueAt(grid, crop, 0.5, 1)));
  assert.ok(!Number.isNaN(valueAt(grid, crop, 1.5, 1)));
  assert.deepEqual(seenRect(crop), [1, 0, 4, 4]);
  assert.equal(seesAll(crop), false);
  assert.equal(seesAll(frame), true);
});

test("score and cosine invert one another", () => {
  assert.equal(score(0.5, 10, -5), 0.5);
  assert.ok(Math.abs(cosineOfScore(score(0.3, 12, -4), 12, -4) - 0.3) < 1e-9);
});

test("a box over the bright half: CNR, IoU and pointing by hand", () => {
  // Pixel columns hold 0, 0.25, 0.75, 1. In: 0.75, 1; out: 0, 0.25; both variances 1/64.
  const { cnr, iou, pointing, meanIn, meanOut } = agreement(measurable(grid, frame), [[2, 0, 4, 4]], 0.5);
  assert.ok(Math.abs(cnr - 0.75 / Math.sqrt(1 / 32)) < 1e-6);
  assert.deepEqual([iou, pointing, meanIn, meanOut], [1, true, 0.875, 0.125]);
});

test("overlapping boxes count each pixel once", () => {
  const pieces = disjoint([[0, 0, 3, 3], [1, 1, 4, 4]]);
  assert.equal(pieces.reduce((sum, [x0, y0, x1, y1]) => sum + (x1 - x0) * (y1 - y0), 0), 14);
  const map = measurable(grid, frame);
  assert.deepEqual(agreement(map, [[2, 0, 4, 4], [2, 0, 4, 4]], 0.5), agreement(map, [[2, 0, 4, 4]], 0.5));
});

test("a box over the whole image has no outside and no CNR; a constant map has CNR 0", () => {
  assert.ok(Number.isNaN(agreement(measurable(grid, frame), [[0, 0, 4, 4]], 0.5).cnr));
  const flat = measurable(Float32Array.from([0.3, 0.3, 0.3, 0.3]), frame);
  assert.equal(agreement(flat, [[0, 0, 2, 2]], 0.5).cnr, 0);
});

test("the line at one half of a ramp stands in the middle", () => {
  const lines = contourLines(refine(grid, frame), 0.5);
  assert.equal(lines.length, 1);
  for (const [x] of lines[0]) assert.ok(Math.abs(x - 2) < 1e-6);
});

test("a line around a peak closes", () => {
  const peak = new Float32Array(25);
  peak[12] = 1;
  const five = { ...frame, imageHeight: 5, imageWidth: 5, inputRows: 5, inputColumns: 5, gridRows: 5, gridColumns: 5 };
  const [line, ...others] = contourLines(refine(peak, five), 0.5);
  assert.equal(others.length, 0);
  assert.deepEqual(line[0], line.at(-1));
});

test("levels are fixed, whatever the map's own range is", () => {
  assert.deepEqual(contourLevels(-0.1, 0.6, "0.25"), [0, 0.25, 0.5]);
  assert.deepEqual(contourLevels(0.02, 0.85, "0.25"), [0.25, 0.5, 0.75]);
  assert.deepEqual(contourLevels(0.001, 0.01, "0.25"), []);
  assert.deepEqual(contourLevels(0.02, 0.85, "off"), []);
});

test("no level lies at or below the threshold in force", () => {
  assert.deepEqual(contourLevels(0, 1, "0.25", 0.5), [0.75]);
  assert.deepEqual(contourLevels(0, 1, "0.1", 0.7), [0.8, 0.9]);
});

test("zero cosine is white and high is red in the signed map", () => {
  assert.deepEqual(colourAt("RdBu_r", 0.5), [247, 247, 247]);
  const [red, , blue] = colourAt("RdBu_r", 1);
  assert.ok(red > blue);
});

test("opacity 0 shows the image only, 1 the overlay only; below the cut and unseen stay grey", () => {
  const shown = (opacity, value, cut = 0) => {
    const out = new Uint32Array(1);
    const grey = new Uint8Array(65536).fill(100);
    const indices = Uint16Array.from([value === null ? 0 : overlayIndex(value, 0, 1)]);
    const tint = tintTable({ map: "magma", low: 0, high: 1, cut, opacity });
    paint(out, new Uint16Array(1), grey, indices, tint, 1, [0, 0, 1, 1]);
    return [out[0] & 255, (out[0] >> 8) & 255, (out[0] >> 16) & 255];
  };
  assert.deepEqual(shown(0, 0.9), [100, 100, 100]);
  assert.deepEqual(shown(1, 1), colourAt("magma", 1).map(Math.floor));
  assert.deepEqual(shown(1, 0.4, 0.5), [100, 100, 100]);
  assert.deepEqual(shown(1, null), [100, 100, 100]);
});
