// Ranking of cards, words for a map, the ruler, the binary message.

import assert from "node:assert/strict";
import { test } from "node:test";

import { coloursOf, counted, strength, strongest, wordsOf } from "../../explorer/ui/components/hits/js/card.js";
import { readMessage } from "../../explorer/ui/components/viewer/js/maths/message.js";
import { reranked } from "../../explorer/ui/components/viewer/js/maths/rank.js";
import { angleBetween, lineLength, scaleBar, shortLength } from "../../explorer/ui/components/viewer/js/maths/ruler.js";
import { describeMap, patientSide, placeInWords, thirdOf } from "../../explorer/ui/components/viewer/js/maths/words.js";
import { bestStart, inOrder } from "../../explorer/ui/components/viewer/js/ui/merged.js";
import { shortened } from "../../explorer/ui/components/viewer/js/ui/words_line.js";
import { gaugeOf } from "../../explorer/ui/components/viewer/js/ui/verdict.js";

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

test("a ruler says its length in few words", () => {
  assert.equal(shortLength({ value: 12.34, unit: "mm" }), "12.3 mm");
  assert.equal(shortLength({ value: 240.4, unit: "px" }), "240 px");
});

test("an angle is measured in millimetres: pixels need not be square", () => {
  assert.equal(angleBetween([10, 0], [0, 0], [0, 10], null), 90);
  // One pixel across is 1 mm, one down 2 mm: the diagonal of a pixel rises by atan(2).
  const angle = angleBetween([10, 0], [0, 0], [5, 5], { column: 1, row: 2 });
  assert.ok(Math.abs(angle - 63.4349) < 1e-3);
  assert.equal(angleBetween([-5, 0.0], [0, 0], [5, 0], null), 180);
});

test("the scale bar has a round length that fits, in mm only with a spacing", () => {
  // 0.5 mm a pixel and 0.4 screen pixels a pixel: 0.8 screen pixels a mm.
  assert.deepEqual(scaleBar(0.4, 0.5, 150), { length: 80, text: "100 mm" });
  assert.deepEqual(scaleBar(0.4, null, 150), { length: 80, text: "200 px" });
  assert.equal(scaleBar(40, 0.1, 150).text, "0.2 mm");
});

test("only the patient's sides are named, and only when the file states them", () => {
  assert.equal(patientSide(10, 100, "R"), "right");
  assert.equal(patientSide(10, 100, "L"), "left");
  assert.equal(patientSide(10, 100, null), null);
  assert.equal(patientSide(51, 100, "R"), null);
  const film = { width: 100, height: 90, laterality: "R" };
  assert.equal(placeInWords(80, 45, film), "on the patient's left, in the middle third");
  assert.equal(placeInWords(50, 10, film), "near the midline, in the upper third");
  assert.match(placeInWords(80, 70, { ...film, laterality: null }), /^off the midline, in the lower third .*no side/);
  assert.deepEqual([0, 29, 30, 59, 60, 90].map((y) => thirdOf(y, 90)), ["upper", "upper", "middle", "middle", "lower", "lower"]);
});

test("a map in words follows the threshold in force", () => {
  const shown = {
    peak: { x: 10, y: 90, value: 0.834 }, threshold: 0.5, regions: [{ area: 0.061, box: [0, 80, 20, 100], peak: 0.83 }],
    width: 100, height: 100, laterality: "R", spacing: { row: 2, column: 1 }, doubt: "none", reason: "", absent: true,
  };
  const words = describeMap(shown);
  assert.match(words, /Peak 0\.83 on the patient's right, in the lower third\./);
  assert.match(words, /One area above 0\.50: 6\u00a0% of the seen image, within 2\.0 \u00d7 4\.0 cm\./);
  assert.match(words, /says it is absent/);
  assert.match(describeMap({ ...shown, regions: [] }), /Nothing is above the threshold of 0\.50\./);
  assert.doesNotMatch(words, /part of the image/);
});

test("a raised badge is said first, and no place is named until it is shown anyway", () => {
  const shown = { peak: { x: 10, y: 90, value: 0.8 }, threshold: 0.5, regions: [], width: 100, height: 100, laterality: "R", spacing: null, doubt: "hidden", reason: "Weaker than in 62 of 100 normal films.", absent: false };
  assert.equal(describeMap(shown), "Weaker than in 62 of 100 normal films. No region is drawn.");
  assert.match(describeMap({ ...shown, doubt: "shown" }), /^Weaker than .* Shown anyway: Peak 0\.80 on the patient's right/);
});

test("a message of another kind is refused", () => {
  assert.throws(() => readMessage(new TextEncoder().encode("nonsense")), /must start with RGX1/);
});

test("a phrase the model does not know has no gauge, whatever its score", () => {
  const map = (grade) => ({ standing: { grade, amongNormal: 0.85 } });
  assert.equal(gaugeOf(map("doubtful")), 0.85);
  assert.equal(gaugeOf(map("unknown phrase")), null);
});

test("no hit is stronger than a hundred of a hundred, and 0.98 is 98", () => {
  assert.equal(strength(1, 5000, false), "stronger than 99 of 100 in the index");
  assert.equal(strength(0.98, 5000, false), "stronger than 98 of 100 in the index");
  assert.equal(strength(0.004, 5000, true), "stronger than 0 of 100 that pass the filter");
});

test("among few a hit stands in their own number", () => {
  assert.equal(strength(1, 40, false), "stronger than 39 of 39 others in the index");
  assert.equal(strength(8 / 9, 10, true), "stronger than 8 of 9 others that pass the filter");
  assert.equal(strength(0, 2, true), "stronger than 0 of 1 other that passes the filter");
  assert.equal(strength(1, 1, true), "the only one that passes the filter");
});

test("a denial is named as it was written, and no sentence is said twice", () => {
  assert.deepEqual(wordsOf("There is no pneumothorax", true, "There is no pneumothorax."), { named: "There is no pneumothorax", quoted: "" });
  assert.deepEqual(wordsOf("Normal pulmonary vascularity.", true, "Normal pulmonary vascularity."), { named: "Normal pulmonary vascularity.", quoted: "" });
  assert.deepEqual(wordsOf("There is no pneumothorax", true, "There is no pneumothorax or effusion."), { named: "There is no pneumothorax", quoted: "There is no pneumothorax or effusion." });
  assert.deepEqual(wordsOf("pleural effusion", true, "No pneumothorax or pleural effusion."), { named: "without pleural effusion", quoted: "No pneumothorax or pleural effusion." });
  assert.deepEqual(wordsOf("nodule", true, ""), { named: "without nodule", quoted: "" });
  assert.deepEqual(wordsOf("", false, ""), { named: "the whole film", quoted: "" });
});

test("the parts that decide most are shown first, all of them where there are few", () => {
  const parts = [0.1, -0.9, 0.2, 0.3, 0, 0.5, 0.4].map((gain) => ({ gain }));
  assert.deepEqual([...strongest(parts)].sort(), [1, 2, 3, 5, 6]);
  assert.equal(strongest(parts.slice(0, 6)).size, 6);
});

test("a long phrase is cut between words before what is said of its map", () => {
  assert.equal(shortened("Small left effusion."), "Small left effusion.");
  assert.equal(shortened("There is a moderate right lower lobe consolidation."), "There is a moderate right\u2026");
  assert.equal(shortened("x".repeat(80)).length, 30);
});

test("what was asked for stands above the report, likeness to a prototype first", () => {
  const cards = [["s0", "sentence", 0], ["t:a", "typed", 0], ["p:b", "likeness", 24], ["t:c", "typed", 1]];
  const order = inOrder(cards.map(([id, kind, order]) => ({ id, kind, order }))).map(({ id }) => id);
  assert.deepEqual(order, ["p:b", "t:c", "t:a", "s0"]);
});

test("the map that is drawn first is one that stands out, else one that is drawn at all", () => {
  const card = (id, abstain, grade) => ({ id, map: { controls: { abstain }, standing: { grade } } });
  const denied = card("s0", true, "stands out");
  const weak = card("s1", false, "doubtful");
  const strong = card("s2", false, "stands out");
  assert.equal(bestStart([denied, weak, strong]), "s2");
  assert.equal(bestStart([denied, weak]), "s1");
  assert.equal(bestStart([{ id: "s9", map: null }, denied]), "s0");
  assert.equal(bestStart([]), null);
});

test("only parts with boxes have a colour, so that it comes back late", () => {
  const parts = [[1], [], [1], []].map((boxes) => ({ boxes, queryBox: null }));
  parts[3].queryBox = [0, 0, 1, 1];
  const [one, none, two, three] = coloursOf(parts);
  assert.equal(none, "transparent");
  assert.equal(new Set([one, two, three]).size, 3);
});

test("hits are counted, one study as one", () => {
  const body = (total, shown, offset = 0) => ({ kind: "text", total, offset, hits: Array(shown).fill(null) });
  assert.equal(counted(body(1980, 24, 24)), "25 to 48 of 1,980 studies");
  assert.equal(counted(body(1, 1)), "1 study");
  assert.equal(counted(body(0, 0)), "No studies");
});
