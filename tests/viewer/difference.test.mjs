// Two maps of different grids in one frame: difference, agreement, ranks.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreementOfMaps, difference, jointFrame, onLattice, ranks } from "../../explorer/ui/components/viewer/js/maths/difference.js";
import { valueAt } from "../../explorer/ui/components/viewer/js/maths/frame.js";
import { ShownMap } from "../../explorer/ui/components/viewer/js/ui/maps.js";

/** A map of a 64 x 48 film: the value of a cell is `value(x, y)` at its middle in the film. */
function map(value, { columns = 8, rows = 6, x0 = 0, y0 = 0, x1 = 64, y1 = 48, scale = 10, bias = -5, threshold = 0.5 } = {}) {
  const scaleX = columns / (x1 - x0);
  const scaleY = rows / (y1 - y0);
  const frame = { imageHeight: 48, imageWidth: 64, inputRows: rows, inputColumns: columns, gridRows: rows, gridColumns: columns, scaleX, scaleY, offsetX: -x0 * scaleX, offsetY: -y0 * scaleY };
  const cosine = Float32Array.from({ length: rows * columns }, (_, at) => value(((at % columns) + 0.5) / scaleX + x0, (Math.floor(at / columns) + 0.5) / scaleY + y0));
  return new ShownMap({ cosine, frame, scale, bias, score: 0.5, threshold, controls: { abstain: false, reasons: [] } }, (values) => values);
}

test("the lattice covers what both models saw and nothing else", () => {
  const a = map(() => 0, { x0: 8, x1: 64 });
  const b = map(() => 0, { x0: 0, x1: 48, y0: -10, y1: 40 });
  const { scaleX, scaleY, offsetX, offsetY, gridColumns, gridRows } = jointFrame(a.frame, b.frame);
  assert.deepEqual([-offsetX / scaleX, -offsetY / scaleY], [8, 0]);
  assert.deepEqual([(gridColumns - offsetX) / scaleX, (gridRows - offsetY) / scaleY].map(Math.round), [48, 40]);
  assert.equal(jointFrame(map(() => 0, { x1: 20 }).frame, map(() => 0, { x0: 30 }).frame), null);
});

test("two grids of one ramp have no difference, whatever their cells", () => {
  const ramp = (x) => x / 64;
  const fine = map(ramp, { columns: 32, rows: 24 });
  const coarse = map(ramp, { columns: 8, rows: 6, x0: -16, x1: 80, y0: -8, y1: 56 });
  const { values, frame } = difference(fine, coarse, "cosine");
  // Beyond the outermost cell centres a map is held constant: half a cell of the fine one.
  const inner = values.filter((_, at) => at % frame.gridColumns > 8 && at % frame.gridColumns < frame.gridColumns - 9);
  assert.ok(inner.length > 100 && inner.every((value) => Math.abs(value) < 1e-6));
});

test("the difference is the first minus the second, in score as in cosine", () => {
  const a = map((x) => (x > 32 ? 0.8 : 0.2));
  const b = map(() => 0.5);
  for (const quantity of ["cosine", "score"]) {
    const { values, frame } = difference(a, b, quantity);
    const at = (x, y) => valueAt(values, frame, x, y);
    const read = (shown) => (quantity === "score" ? shown.scoreOf(shown === a ? 0.8 : 0.5) : shown === a ? 0.8 : 0.5);
    assert.ok(Math.abs(at(56, 20) - (read(a) - read(b))) < 1e-5, quantity);
    assert.ok(at(8, 20) < -0.2);
  }
});

test("the scale has zero in the middle and a round end that no value exceeds", () => {
  const flat = map(() => 0.5);
  assert.equal(difference(flat, flat, "score").limit, 0.05);
  assert.equal(difference(map(() => 0.7), flat, "cosine").limit, 0.25);
  assert.equal(difference(map(() => 1), map(() => -0.9), "cosine").limit, 2);
});

test("ranks compare maps without a common scale", () => {
  assert.deepEqual([...ranks(Float32Array.from([3, 1, 2, 1]))], [0.875, 0.25, 0.625, 0.25]);
  const plain = map((x, y) => x + y);
  const stretched = map((x, y) => Math.exp((x + y) / 20));
  // Interpolation does not commute with exp: equal to a few hundredths between cells.
  assert.ok(difference(plain, stretched, "rank").values.every((value) => Math.abs(value) < 0.05));
});

test("the IoU of two maps is that of what lies above their own thresholds", () => {
  const left = map((x) => (x < 32 ? 1 : 0), { columns: 64, rows: 48 });
  const right = map((x) => (x >= 16 ? 1 : 0), { columns: 64, rows: 48 });
  const { iou, r } = agreementOfMaps(left, right, 0.5, 0.5);
  assert.ok(Math.abs(iou - 16 / 64) < 0.02);
  assert.ok(r < 0);
  // By hand: shares .5 and .75, both .25, so r = (.25 - .375) / sqrt(.25 * .1875).
  assert.ok(Math.abs(r + 0.125 / Math.sqrt(0.25 * 0.1875)) < 0.02);
  assert.ok(Number.isNaN(agreementOfMaps(map(() => 0), map(() => 0), 0.5, 0.5).iou));
  assert.ok(Number.isNaN(agreementOfMaps(map(() => 0), left, 0.5, 0.5).r));
  assert.ok(agreementOfMaps(left, left, 0.5, 0.5).iou === 1);
});

test("a lattice value is the map's own at that place", () => {
  const bumps = map((x, y) => Math.sin(x / 9) * Math.cos(y / 7));
  const lattice = jointFrame(bumps.frame, map(() => 0, { columns: 5, rows: 5, x0: 4 }).frame);
  const values = onLattice(bumps, lattice);
  const [row, column] = [7, 11];
  const x = (column + 0.5 - lattice.offsetX) / lattice.scaleX;
  const y = (row + 0.5 - lattice.offsetY) / lattice.scaleY;
  assert.ok(Math.abs(values[row * lattice.gridColumns + column] - bumps.valueAt("cosine", x, y)) < 1e-6);
});
