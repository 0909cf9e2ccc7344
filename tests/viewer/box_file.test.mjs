// Boxes of a person's file: what is read, what is refused and in which words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readBoxes } from "../../explorer/ui/components/viewer/js/maths/box_file.js";

const FILM = { width: 100, height: 80 };
const read = (text) => readBoxes(text, FILM);

test("CSV with corners, or with sizes; quotes, commas and empty lines", () => {
  const { boxes, problems } = read('phrase,x_min,y_min,x_max,y_max\r\n"effusion, left",10,20,30,40\r\n\r\nmass,1,2,3,4');
  assert.deepEqual(problems, []);
  assert.deepEqual(boxes.map(({ phrase, box }) => [phrase, box]), [["effusion, left", [10, 20, 30, 40]], ["mass", [1, 2, 3, 4]]]);
  assert.deepEqual(read("label,x,y,width,height\nmass,5,6,7,8\n").boxes, [{ box: [5, 6, 12, 14], phrase: "mass", sentence: null }]);
});

test("JSON as a list, as a study's truth, and as the viewer saves it", () => {
  assert.deepEqual(read('[{"text": "mass", "box": [1, 2, 3, 4]}]').boxes, [{ box: [1, 2, 3, 4], phrase: "mass", sentence: null }]);
  assert.deepEqual(read('{"boxes": [{"label": "mass", "sentence": 2, "box_xyxy": [1, 2, 3, 4]}]}').boxes[0].sentence, 2);
  const saved = { panes: [{ boxes: [{ box: [1, 2, 3, 4] }], map: { phrase: "Mass." } }, { boxes: [], map: null }] };
  assert.deepEqual(read(JSON.stringify(saved)).boxes, [{ box: [1, 2, 3, 4], phrase: "Mass.", sentence: null }]);
});

test("a box outside the film or without area is refused by its number, the others are kept", () => {
  const { boxes, problems } = read("x_min,y_min,x_max,y_max\n10,10,20,20\n90,10,101,20\n30,30,30,40\n5,5,4,9\na,1,2,3");
  assert.equal(boxes.length, 1);
  assert.match(problems[0], /^Box 2 \(90, 10, 101, 20\) lies outside the film of 100 x 80 pixels\.$/);
  assert.match(problems[1], /^Box 3 .* has no area/);
  assert.match(problems[2], /^Box 4 .* has no area/);
  assert.match(problems[3], /^Box 5 has no four numbers/);
});

test("another layout, another format and an empty file say what is expected", () => {
  assert.match(read('{"annotations": []}').problems[0], /another layout.*x_min, y_min/s);
  assert.match(read("[1, 2").problems[0], /not JSON/);
  assert.match(read("study,finding\na,b").problems[0], /must name its columns, got study, finding/);
  assert.match(read("").problems[0], /got nothing/);
  assert.match(read("[]").problems[0], /holds no box/);
  assert.match(read("[null, 3]").problems[0], /^Box 1 has no four numbers/);
});
