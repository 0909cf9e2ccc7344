// Who wins on known boxes, which boxes belong to a phrase, and the numbers as a file.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Merged } from "../../explorer/ui/components/viewer/js/ui/merged.js";
import { ShownMap } from "../../explorer/ui/components/viewer/js/ui/maps.js";
import { numbersOf } from "../../explorer/ui/components/viewer/js/ui/numbers.js";
import { asCsv } from "../../explorer/ui/components/viewer/js/ui/save_numbers.js";
import { belongs, Truth } from "../../explorer/ui/components/viewer/js/ui/truth.js";

const frame = { imageHeight: 40, imageWidth: 80, inputRows: 4, inputColumns: 8, gridRows: 4, gridColumns: 8, scaleX: 0.1, scaleY: 0.1, offsetX: 0, offsetY: 0 };

/** A phrase whose map has one bright cell. */
function phrase(cell, extra = {}) {
  const cosine = new Float32Array(32);
  cosine[cell] = 1;
  const map = new ShownMap({ cosine, frame, scale: 10, bias: -5, score: 0.7, threshold: 0.5, controls: { abstain: false, reasons: [] }, ...extra }, (values) => values);
  return { id: "s0", text: "A mass.", kind: "sentence", sentence: 0, order: 0, assertion: "present", map };
}

const BOX = [60, 10, 70, 20]; // over cell 14

/** A viewer of panes on one film, each with one phrase, and a box of that sentence. */
function viewerOf(phrases, boxes = [{ label: "mass", box: BOX, sentence: 0 }]) {
  const own = phrases.map((found, index) => ({ index, phrases: found ? [found] : [], info: { id: "f" }, head: { title: `c${index}` }, reference: boxes }));
  const viewer = { own, panes: own, state: { threshold: null, phraseId: "s0" }, boxes: { list: [] } };
  viewer.truth = new Truth(viewer);
  viewer.phrases = new Merged().of(own);
  return viewer;
}

test("the pane that points into the box wins, and a miss of all is nobody's win", () => {
  const viewer = viewerOf([phrase(14), phrase(3), null]);
  const { panes, winners, pairs } = numbersOf(viewer, viewer.phrases[0]);
  assert.deepEqual(winners, { cnr: ["A"], iou: ["A"], pointing: ["A"] });
  assert.deepEqual([panes[0].known.pointing, panes[1].known.pointing, panes[2].known], [true, false, null]);
  assert.deepEqual(pairs.map(({ a, b, why }) => [a, b, why ?? ""]), [["A", "B", ""], ["A", "C", "no map"], ["B", "C", "no map"]]);
  assert.equal(pairs[0].iou, 0);
  const missed = viewerOf([phrase(3), phrase(3)]);
  assert.deepEqual(numbersOf(missed, missed.phrases[0]).winners.pointing, []);
  const equal = viewerOf([phrase(14), phrase(14)]);
  assert.deepEqual(numbersOf(equal, equal.phrases[0]).winners.iou, ["A", "B"]);
});

test("without boxes nobody is measured; panes of other films are no pair", () => {
  const viewer = viewerOf([phrase(14), phrase(14)], []);
  viewer.own[1].info = { id: "g" };
  const { panes, winners, pairs } = numbersOf(viewer, viewer.phrases[0]);
  assert.equal(panes[0].known, null);
  assert.deepEqual(winners, { cnr: [], iou: [], pointing: [] });
  assert.equal(pairs[0].why, "another film");
});

test("a box drawn by hand is measured for the phrase in view only", () => {
  const viewer = viewerOf([phrase(14), phrase(3)], []);
  viewer.boxes.list = [{ image: "f", box: BOX }];
  assert.equal(numbersOf(viewer, viewer.phrases[0]).panes[0].known.pointing, true);
  viewer.state.phraseId = "s9";
  assert.equal(numbersOf(viewer, viewer.phrases[0]).panes[0].known, null);
});

test("a box belongs by its sentence or by its words, to all without either", () => {
  const shown = phrase(0);
  assert.equal(belongs({ sentence: 0 }, shown), true);
  assert.equal(belongs({ sentence: 1 }, shown), false);
  assert.equal(belongs({ phrase: "a MASS" }, shown), true);
  assert.equal(belongs({ phrase: "effusion" }, shown), false);
  assert.equal(belongs({}, shown), true);
});

test("merged phrases stay the same objects until a pane's own changes", () => {
  const merged = new Merged();
  const [a, b] = [phrase(1), phrase(2)];
  const panes = [{ phrases: [a] }, { phrases: [b] }];
  const [first] = merged.of(panes);
  assert.deepEqual(first.each, [a, b]);
  assert.equal(merged.of(panes)[0], first);
  assert.notEqual(merged.of([panes[0], { phrases: [] }])[0], first);
  assert.deepEqual(merged.of([panes[0]]), [a]); // one pane shows its own
});

test("a cell that a spreadsheet would run is text in the CSV", () => {
  const text = asCsv([{ phrase: '=HYPERLINK("x")', panes: [{ pane: "A", cnr: -1.5 }], pairs: [], best: { cnr: ["A"], iou: [], pointing: [] } }]);
  assert.match(text, /^phrase,panes,.*\r\n"'=HYPERLINK\(""x""\)",A,/);
  assert.match(text, /,-1\.5,/);
});
