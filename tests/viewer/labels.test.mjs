// Where labels of boxes stand: clear of each other, of the sides' letters and of the pane's edges.

import assert from "node:assert/strict";
import { test } from "node:test";

import { labelPlace } from "../../explorer/ui/components/viewer/js/ui/strokes.js";

const SIZE = { width: 400, height: 400 };
const BOX = { left: 100, top: 200, right: 160, bottom: 260 };

test("a label stands above its box, or below where that is asked for or the box is at the top", () => {
  assert.deepEqual(labelPlace(BOX, 80, SIZE, []), { x: 100, base: 195, rect: [100, 184, 180, 198] });
  assert.equal(labelPlace(BOX, 80, SIZE, [], true).base, 273);
  assert.equal(labelPlace({ ...BOX, top: 10 }, 80, SIZE, []).base, 273);
});

test("a place that is taken is left for the next: below, right, left, then inside", () => {
  const above = [110, 180, 130, 198];
  assert.equal(labelPlace(BOX, 80, SIZE, [above]).base, 273);
  const under = [90, 262, 130, 280];
  assert.deepEqual(labelPlace(BOX, 80, SIZE, [above, under]).rect, [165, 199, 245, 213]);
  assert.equal(labelPlace(BOX, 80, SIZE, [above, under, [200, 190, 210, 220]]).x, 15);
  assert.equal(labelPlace(BOX, 80, SIZE, [above, under, [200, 190, 210, 220], [20, 190, 30, 220]]).base, 213);
});

test("a label stays in the pane, and has a place where none is free", () => {
  assert.equal(labelPlace({ ...BOX, left: 390 }, 80, SIZE, []).x, 316);
  assert.equal(labelPlace(BOX, 80, SIZE, [[0, 0, 400, 400]]).base, 195);
});
