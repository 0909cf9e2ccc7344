// Ranking of cards, words for a map, the ruler, the binary message.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readMessage } from "../../explorer/ui/components/viewer/js/maths/message.js";
import { reranked } from "../../explorer/ui/components/viewer/js/maths/rank.js";
import { lineLength } from "../../explorer/ui/components/viewer/js/maths/ruler.js";
import { describeMap, partOfImage, patientSide } from "../../explorer/ui/components/viewer/js/maths/words.js";

test("cards are ordered by value, those without one last", () => {
  assert.deepEqual(reranked([0, 1, 2, 3], [0.1, 0.9, NaN, 0.5]), [1, 3, 0, 2]);
});

test("a small lead does not change places", () => {
  assert.deepEqual(reranked([0, 1], [0.5, 0.505]), [0, 1]);
  assert.deepEqual(reranked([0, 1], [0.5, 0.52]), [1, 0]);
});

test("ranking an order again changes nothing", () => {
  const values = [0.3, 0.8, 0.31, 0.05];
  const once = reranked([0, 1, 2, 3], values);
  assert.deepEqual(reranked(once, values), once);
});

test("millimetres only with a spacing, and the source is always named", () => {
  assert.deepEqual(lineLength([0, 0], [3, 4], null), { value: 5, unit: "px", source: "no spacing in the file" });
  const spacing = { row: 0.5, column: 0.1, source: "PixelSpacing" };
  assert.deepEqual(lineLength([0, 0], [0, 10], spacing), { value: 5, unit: "mm", source: "PixelSpacing" });
  assert.equal(lineLength([0, 0], [10, 0], spacing).value, 1);
});

test("places are named as seen, sides only when the file states them", () => {
  assert.equal(partOfImage(10, 90, 100, 100), "lower left part");
  assert.equal(partOfImage(50, 45, 100, 100), "middle central part");
  assert.equal(patientSide(10, 100, "R"), "right");
  assert.equal(patientSide(10, 100, "L"), "left");
  assert.equal(patientSide(10, 100, null), null);
  assert.equal(patientSide(51, 100, "R"), null);
});

test("a map in words says peak, place, regions and what to beware of", () => {
  const shown = { peak: { x: 10, y: 90, value: 0.834 }, threshold: 0.5, regions: [{ area: 0.061 }], width: 100, height: 100, laterality: "R", abstain: true, absent: true };
  const words = describeMap(shown);
  assert.match(words, /lower left part of the image, on the patient's right: score 0\.83\./);
  assert.match(words, /One region, 6\u00a0% of the seen image\./);
  assert.match(words, /Stated absent/);
  assert.match(words, /advise against/);
  assert.match(describeMap({ ...shown, regions: [] }), /No region reaches the threshold of 0\.50\./);
});

test("a message of another kind is refused", () => {
  assert.throws(() => readMessage(new TextEncoder().encode("nonsense")), /must start with RGX1/);
});
