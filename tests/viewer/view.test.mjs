// The view: zoom at the cursor, pan, fit, flips and turns.

import assert from "node:assert/strict";
import { test } from "node:test";

import { firstView, flipped, fitted, panned, sidesShown, toImage, toScreen, toggledAt, turned, zoomedAt } from "../../explorer/ui/components/viewer/js/maths/view.js";

const size = { width: 800, height: 600 };
const image = { width: 2000, height: 1000 };
const near = (actual, expected) => actual.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) < 1e-9, `${actual} is not ${expected}`));

test("the first view fits the whole image in the middle", () => {
  const view = firstView(size, image);
  assert.equal(view.scale, 0.4);
  near(toScreen(view, size, 0, 0), [0, 100]);
  near(toScreen(view, size, 2000, 1000), [800, 500]);
});

test("screen and image points invert one another in all eight orientations", () => {
  for (const mirrored of [false, true]) {
    for (let turns = 0; turns < 4; turns++) {
      const view = { x: 700, y: 300, scale: 0.7, turns, mirrored };
      near(toImage(view, size, ...toScreen(view, size, 123, 456)), [123, 456]);
    }
  }
});

test("zooming keeps the image point under the cursor", () => {
  const view = firstView(size, image);
  const before = toImage(view, size, 500, 250);
  near(toImage(zoomedAt(view, size, image, 500, 250, 3), size, 500, 250), before);
});

test("zooming out ends at fit, in the middle, whatever the turn is", () => {
  for (const turns of [0, 1, 2, 3]) {
    const whole = fitted({ x: 0, y: 0, scale: 1, turns, mirrored: false }, size, image);
    const near3 = zoomedAt(whole, size, image, 700, 500, 3);
    assert.deepEqual(zoomedAt(near3, size, image, 10, 10, 0.1), whole);
    assert.deepEqual(zoomedAt(whole, size, image, 10, 10, 0.5), whole);
  }
});

test("a double click goes to one image pixel a screen pixel at the pointer, and back to fit", () => {
  const whole = firstView(size, image);
  const before = toImage(whole, size, 500, 250);
  const large = toggledAt(whole, size, image, 500, 250, 2);
  assert.equal(large.scale, 0.5); // half a CSS pixel is one pixel of a screen with ratio 2
  near(toImage(large, size, 500, 250), before);
  assert.deepEqual(toggledAt(large, size, image, 500, 250, 2), whole);
  // A film smaller than the pane: one to one would be below fit.
  assert.equal(toggledAt(firstView(size, { width: 200, height: 100 }), size, { width: 200, height: 100 }, 0, 0, 1).scale, 8);
});

test("panning moves the picture with the hand, also when turned and mirrored", () => {
  const view = { x: 1000, y: 500, scale: 2, turns: 1, mirrored: true };
  const [x, y] = toScreen(view, size, 1010, 510);
  near(toScreen(panned(view, image, 30, -20), size, 1010, 510), [x + 30, y - 20]);
});

test("the middle of the screen never leaves the image", () => {
  const view = panned(firstView(size, image), image, 1e6, -1e6);
  assert.deepEqual([view.x, view.y], [0, 1000]);
});

test("a quarter turn to the right takes the top left corner to the top right", () => {
  const view = fitted(turned(firstView(size, image), 1), size, image);
  const [x, y] = toScreen(view, size, 0, 0);
  assert.ok(x > size.width / 2 && y < size.height / 2);
  assert.equal(view.scale, 0.3);
});

test("flipping twice is no flip; four turns are none", () => {
  const view = { x: 1, y: 2, scale: 1, turns: 3, mirrored: false };
  assert.deepEqual(flipped(flipped(view, "horizontal"), "horizontal"), view);
  assert.deepEqual(flipped(flipped(view, "vertical"), "vertical"), view);
  assert.deepEqual(turned(turned(view, 3), 1), view);
});

test("flips act on the screen whatever the turn is", () => {
  for (let turns = 0; turns < 4; turns++) {
    const view = { x: 0, y: 0, scale: 1, turns, mirrored: false };
    const [x, y] = toScreen(view, size, 10, 25);
    near(toScreen(flipped(view, "horizontal"), size, 10, 25), [size.width - x, y]);
    near(toScreen(flipped(view, "vertical"), size, 10, 25), [x, size.height - y]);
  }
});

test("the side markers follow the image", () => {
  const view = { x: 0, y: 0, scale: 1, turns: 0, mirrored: false };
  assert.deepEqual(sidesShown(view, "R"), { left: "R", right: "L", top: "", bottom: "" });
  assert.equal(sidesShown(flipped(view, "horizontal"), "R").left, "L");
  assert.equal(sidesShown(flipped(view, "vertical"), "R").left, "R");
  assert.equal(sidesShown(turned(view, 2), "R").left, "L");
  // Turned right, the image's left edge stands on top.
  assert.deepEqual(sidesShown(turned(view, 1), "R"), { left: "", right: "", top: "R", bottom: "L" });
  assert.equal(sidesShown(turned(view, 3), "R").top, "L");
});

test("a side the file does not state is shown as unknown", () => {
  const view = { x: 0, y: 0, scale: 1, turns: 0, mirrored: false };
  assert.deepEqual([sidesShown(view, null).left, sidesShown(view, "").right], ["?", "?"]);
});
