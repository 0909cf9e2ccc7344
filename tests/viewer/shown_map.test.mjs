// One threshold drives lines, regions, words and agreement; the badge hides what it warns of.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreement, measurable } from "../../explorer/ui/components/viewer/js/maths/metrics.js";
import { doubtOf, isDrawn, reasonOf, thresholdOf } from "../../explorer/ui/components/viewer/js/ui/doubt.js";
import { ShownMap } from "../../explorer/ui/components/viewer/js/ui/maps.js";

const frame = { imageHeight: 40, imageWidth: 80, inputRows: 4, inputColumns: 8, gridRows: 4, gridColumns: 8, scaleX: 0.1, scaleY: 0.1, offsetX: 0, offsetY: 0 };
/** Cosines 0 with one cell of `peak` at column 6, row 1. Score 0.5 lies at cosine 0.5. */
function bump(peak, extra = {}) {
  const cosine = new Float32Array(32);
  cosine[14] = peak;
  return new ShownMap({ cosine, frame, scale: 10, bias: -5, score: 0.5, threshold: 0.5, controls: { abstain: false, reasons: [] }, ...extra }, (values) => values);
}

test("regions, outline and agreement follow the threshold in force", () => {
  const map = bump(1);
  const wide = map.regionsAt(0.2)[0];
  const narrow = map.regionsAt(0.9)[0];
  assert.ok(wide.area > narrow.area);
  assert.ok(wide.box[0] < 65 && wide.box[2] > 65 && wide.box[1] < 15 && wide.box[3] > 15);
  assert.equal(map.regionsAt(0.9999).length, 0);
  const iou = (threshold) => map.agreementWith([wide.box], threshold).iou;
  assert.ok(iou(0.2) > iou(0.9));
  // The box of the region and the line round it have the same extent, to a pixel.
  const [line] = map.outlineAt(0.5).lines;
  const xs = line.map(([x]) => x);
  const { box } = map.regionsAt(0.5)[0];
  assert.ok(Math.abs(Math.min(...xs) - box[0]) < 1 && Math.abs(Math.max(...xs) - box[2]) < 1);
});

test("an IoU threshold is one of the score, although the cosine is measured", () => {
  const map = bump(1);
  // Score 0.9 is cosine 0.5 + ln(9) / 10 = 0.72; pixels of cosine above 0.9 are far fewer.
  const { box } = map.regionsAt(0.9)[0];
  const { iou } = map.agreementWith([box], 0.9);
  const above = (cosine) => agreement(measurable(map.cosine, frame), [box], cosine).iou;
  assert.ok(Math.abs(iou - above(0.5 + Math.log(9) / 10)) < 1e-9);
  assert.ok(iou > 2 * above(0.9));
});

test("an empty map draws no line, and a flat one neither", () => {
  const empty = bump(0.1); // score at most .018
  assert.deepEqual(empty.contours("score", "0.25", 0.5), []);
  assert.deepEqual(empty.outlineAt(0.5).lines, []);
  const cosine = Float32Array.from({ length: 32 }, (_, at) => 0.7 + 0.001 * (at % 3)); // .881 to .883
  const flat = bump(0, { cosine });
  assert.deepEqual(flat.contours("score", "0.05", 0.25), []);
  assert.deepEqual(flat.outlineAt(0.882).lines, []);
});

test("no line lies below the threshold, in score and in cosine", () => {
  const map = bump(1);
  assert.deepEqual(map.contours("score", "0.25", 0.5).map(({ level }) => level), [0.75]);
  assert.deepEqual(map.contours("cosine", "0.25", 0.5).map(({ level }) => level), [0.75]);
});

test("the score between cells is that of the cosine between them", () => {
  const map = bump(1);
  assert.ok(Math.abs(map.valueAt("score", 60, 15) - 0.5) < 1e-6); // cosine .5 half way
});

test("the range of the cosine is the payload's, else the whole of it", () => {
  assert.deepEqual(bump(1).rangeOf("cosine"), [-1, 1]);
  assert.deepEqual(bump(1, { range: [0, 0.5] }).rangeOf("cosine"), [0, 0.5]);
  assert.deepEqual(bump(1, { range: [0, 0.5] }).rangeOf("score"), [0, 1]);
});

/** A pane with one map and what the viewer's state says. */
function paneWith(map, state = {}) {
  const phrase = { id: "s1", map };
  return { map, phrase, viewer: { state: { overlay: true, hidden: false, anyway: null, threshold: null, ...state } } };
}

test("a raised badge hides the map until the person asks for this phrase", () => {
  const raised = bump(1, { controls: { abstain: true, reasons: ["Like any phrase."] } });
  assert.deepEqual([doubtOf(paneWith(raised)), isDrawn(paneWith(raised))], ["hidden", false]);
  const asked = paneWith(raised, { anyway: "s1" });
  assert.deepEqual([doubtOf(asked), isDrawn(asked)], ["shown", true]);
  assert.equal(doubtOf(paneWith(raised, { anyway: "s2" })), "hidden");
  assert.deepEqual([doubtOf(paneWith(bump(1))), isDrawn(paneWith(bump(1)))], ["none", true]);
  assert.equal(isDrawn(paneWith(bump(1), { hidden: true })), false);
});

test("the reason comes from the standing among films, else from the controls", () => {
  const controls = { abstain: true, reasons: ["Like any phrase.", "Low peak."] };
  assert.equal(reasonOf({ controls }), "Like any phrase. Low peak.");
  const standing = (grade) => ({ grade, reason: "Weaker than in 62 of 100 normal films." });
  assert.equal(reasonOf({ controls, standing: standing("not above normal films") }), "Weaker than in 62 of 100 normal films.");
  // That there is nothing to compare with, or that it stands out, is no reason to hide it.
  assert.equal(reasonOf({ controls, standing: standing("no reference") }), "Like any phrase. Low peak.");
  assert.equal(reasonOf({ controls, standing: standing("stands out") }), "Like any phrase. Low peak.");
  assert.notEqual(reasonOf({ controls: { abstain: true, reasons: [] } }), "");
});

test("the threshold in force is the person's, else the phrase's own", () => {
  assert.equal(thresholdOf(paneWith(bump(1))), 0.5);
  assert.equal(thresholdOf(paneWith(bump(1), { threshold: 0.9 })), 0.9);
  assert.equal(thresholdOf(paneWith(null)), null);
});

test("a map of another source is read as shares of its largest value: peak, lines, box and threshold", () => {
  const map = bump(1, { scale: 8, bias: -4, source: "attention", range: [0, 1] });
  // The highest pixel lies half a pixel beside the middle of a cell of ten: (1 - .05) squared.
  assert.ok(Math.abs(map.peak.value - 0.9025) < 1e-4);
  assert.equal(map.valueAt("score", 65, 15), map.valueAt("cosine", 65, 15));
  assert.deepEqual([map.cutFor("score", 0.3), map.cutFor("cosine", 0.3)], [0.3, 0.3]);
  // The line that is labelled 0.75 runs where the value is 0.75.
  const [{ level, lines }] = map.contours("score", "0.25", 0.5);
  assert.equal(level, 0.75);
  for (const [x, y] of lines[0]) assert.ok(Math.abs(map.valueAt("cosine", x, y) - 0.75) < 0.02);
  const [{ box }] = map.regionsAt(0.75);
  const xs = lines[0].map(([x]) => x);
  assert.ok(Math.abs(Math.min(...xs) - box[0]) < 1 && Math.abs(Math.max(...xs) - box[2]) < 1);
});

test("only values with a sign are coloured with white at zero", () => {
  const colours = (extra) => ["score", "cosine"].map((quantity) => bump(1, extra).coloursOf(quantity, "magma"));
  assert.deepEqual(colours({}), ["magma", "RdBu_r"]);
  assert.deepEqual(colours({ source: "attention", range: [0, 1] }), ["magma", "magma"]);
  assert.deepEqual(colours({ source: "occlusion", range: [-1, 1] }), ["RdBu_r", "RdBu_r"]);
});
