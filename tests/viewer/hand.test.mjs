// Boxes, rulers, angles and their memory, by radiograph: panes come and go.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LinkedPanes } from "../../explorer/ui/components/viewer/js/ui/linked.js";
import { Measures } from "../../explorer/ui/components/viewer/js/ui/measures.js";
import { Memory } from "../../explorer/ui/components/viewer/js/ui/memory.js";
import { firstView } from "../../explorer/ui/components/viewer/js/maths/view.js";

// Just enough of a document for `el`.
globalThis.document = {
  createElement: () => ({ style: {}, children: [], setAttribute() {}, append(...more) { this.children.push(...more); }, querySelectorAll: () => [] }),
};
const { BoxList } = await import("../../explorer/ui/components/viewer/js/ui/boxes.js");

const PRESETS = [{ kind: "window", name: "File", center: 50, width: 100 }, { kind: "window", name: "Full range", center: 60, width: 120 }];

class TestViewer extends LinkedPanes {
  constructor(...films) {
    super();
    this.told = [];
    this.state = { tool: "window", threshold: null, active: 0, draft: null };
    this.memory = new Memory(this);
    this.measures = new Measures(this);
    this.boxes = new BoxList(this);
    films.forEach((id) => this.addPane(id));
  }

  addPane(id) {
    const info = { id, width: 200, height: 100, inverted: false, spacing: { row: 0.5, column: 0.5, source: "PixelSpacing" } };
    const size = { width: 400, height: 400 };
    const pane = { info, size, index: this.panes.length, presets: PRESETS, window: PRESETS[0], preset: 0, inverted: false, view: firstView(size, info), atFit: true, copies: [1], ratio: 1, viewer: this, touch() {} };
    this.panes.push(pane);
    return pane;
  }

  get pane() {
    return this.panes[this.state.active] ?? this.panes[0];
  }

  set(change) { Object.assign(this.state, change); }
  say() {}
  schedule() {}
  boxesChanged() {}
  send(...what) { this.told.push(what); }
}

test("the window changes on panes of the same radiograph only", () => {
  const viewer = new TestViewer("a", "a", "b");
  viewer.setPreset(1);
  assert.deepEqual(viewer.panes.map(({ preset }) => preset), [1, 1, 0]);
  viewer.invert();
  assert.deepEqual(viewer.panes.map(({ inverted }) => inverted), [true, true, false]);
  viewer.resetWindows();
  assert.deepEqual(viewer.panes.map(({ preset, inverted }) => [preset, inverted]), [[0, false], [0, false], [0, false]]);
});

test("zoom, pan and turn act on all panes", () => {
  const viewer = new TestViewer("a", "b");
  viewer.zoomAt(viewer.panes[0], 200, 200, 3);
  assert.deepEqual(viewer.panes.map(({ view }) => view.scale), [6, 6]);
  viewer.zoomAt(viewer.panes[0], 200, 200, 0.01);
  assert.deepEqual(viewer.panes.map(({ atFit, view }) => [atFit, view.scale]), [[true, 2], [true, 2]]);
  viewer.toggleFit(viewer.panes[1], 10, 10);
  assert.ok(viewer.panes.every(({ atFit }) => !atFit));
  viewer.toggleFit(viewer.panes[0], 10, 10);
  assert.ok(viewer.panes.every(({ atFit }) => atFit));
});

test("a box belongs to its radiograph: its pane may go and another may show it", () => {
  const viewer = new TestViewer("a", "b");
  viewer.boxes.add(viewer.panes[1], [10, 10, 40, 40]);
  assert.deepEqual(viewer.told.at(-1)[1], [{ id: "box-1", pane: 1, image: "b", box: [10, 10, 40, 40] }]);
  viewer.panes.pop();
  assert.equal(viewer.boxes.nudge(1, 0, false), false);
  assert.equal(viewer.boxes.current.length, 0);
  viewer.panes[0].info = { ...viewer.panes[0].info, id: "b" };
  assert.equal(viewer.boxes.nudge(1, 0, false), true);
  assert.deepEqual(viewer.boxes.list[0].box, [12, 10, 42, 40]);
  viewer.boxes.tell();
  assert.equal(viewer.told.at(-1)[1][0].pane, 0);
  clearTimeout(viewer.boxes.timer);
});

test("linked panes of a radiograph show its boxes, those of another film do not", () => {
  const viewer = new TestViewer("a", "a", "b");
  viewer.boxes.add(viewer.panes[0], [1, 2, 30, 40]);
  viewer.state.draft = { image: "a", box: [0, 0, 5, 5] };
  assert.deepEqual(viewer.panes.map((pane) => viewer.boxes.shownOn(pane).length), [2, 2, 0]);
});

test("a ruler says pixels and millimetres, an angle degrees once it has two arms", () => {
  const spacing = { row: 0.5, column: 0.25, source: "PixelSpacing" };
  assert.deepEqual(Measures.numbers({ kind: "ruler", points: [[0, 0], [0, 30]] }, spacing), { kind: "ruler", points: [[0, 0], [0, 30]], px: 30, mm: 15, source: "PixelSpacing" });
  assert.equal(Measures.numbers({ kind: "ruler", points: [[0, 0], [0, 30]] }, null).mm, null);
  const arms = [[10, 0], [0, 0], [0, 10]];
  assert.equal(Measures.numbers({ kind: "angle", points: arms }, null).degrees, 90);
  assert.equal(Measures.numbers({ kind: "angle", points: arms.slice(0, 2) }, null).degrees, null);
});

test("what was set and drawn comes back from plain JSON, by radiograph", () => {
  const viewer = new TestViewer("a", "b");
  viewer.setPreset(1);
  viewer.setWindow(viewer.panes[1], { kind: "window", name: "", center: 7, width: 9 });
  viewer.zoomAt(viewer.panes[0], 100, 100, 4);
  viewer.turn(1);
  viewer.zoomAt(viewer.panes[0], 100, 100, 4);
  viewer.set({ tool: "ruler", threshold: 0.4 });
  viewer.boxes.add(viewer.panes[0], [1, 2, 30, 40]);
  viewer.measures.add({ kind: "ruler", image: "b", points: [[0, 0], [3, 4]] });
  const kept = JSON.parse(JSON.stringify(viewer.memory.snapshot()));

  const later = new TestViewer("b", "a", "a");
  assert.equal(later.memory.restore(kept), true);
  const [b, a] = later.panes; // the second pane of film a is restored as well
  assert.deepEqual([a.preset, a.window.name, b.preset, b.window.center], [1, "Full range", -1, 7]);
  assert.deepEqual(a.view, viewer.panes[0].view);
  assert.deepEqual(later.panes[2].view, a.view);
  assert.deepEqual([later.state.tool, later.state.threshold], ["ruler", 0.4]);
  assert.deepEqual(later.boxes.shownOn(a).map(({ box }) => box), [[1, 2, 30, 40]]);
  assert.equal(later.measures.shownOn(b).length, 1);
});

test("the newest films are remembered, not all", () => {
  const viewer = new TestViewer("film 0");
  for (let k = 0; k < 30; k++) {
    viewer.pane.info = { ...viewer.pane.info, id: `film ${k}` };
    viewer.memory.snapshot();
  }
  const kept = Object.keys(viewer.memory.snapshot().films);
  assert.equal(kept.length, 24);
  assert.equal(kept.at(-1), "film 29");
});

test("a snapshot of something else changes nothing", () => {
  const viewer = new TestViewer("a");
  for (const junk of [null, undefined, {}, "x", { version: 99 }]) assert.equal(viewer.memory.restore(junk), false);
  assert.equal(viewer.pane.preset, 0);
});

test("a second pane of a film takes the view and window of the first", () => {
  const viewer = new TestViewer("a");
  viewer.setPreset(1);
  const second = viewer.addPane("a");
  viewer.memory.applyTo(second);
  assert.equal(second.preset, 1);
});
