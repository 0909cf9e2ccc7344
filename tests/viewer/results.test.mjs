// Which parts are drawn on a film: of its own opening and newest run, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { results } from "../../explorer/ui/components/viewer/js/registry.js";

const part = (name, more = {}) => ({ body: { study: "a", film: "f", pane: 0, run: 1, part: name, ...more } });
const PLACE = { study: "a", film: "f", pane: 0 };
const names = (parts, place = PLACE) => [...(results(parts, place)?.parts.keys() ?? [])];

test("parts of another study, film or pane are never drawn", () => {
  for (const other of [{ study: "b" }, { film: "g" }, { pane: 1 }]) {
    assert.equal(results([part("head", other), part("piece:0", other)], PLACE), null);
    assert.deepEqual(names([part("head"), part("piece:0", other)]), ["head"]);
  }
});

test("the same film opened again does not get the maps of the opening before", () => {
  assert.equal(results([part("head"), part("piece:0")], { ...PLACE, study: "b" }), null);
});

test("a newer run replaces the one before as a whole, also while its parts still come", () => {
  const old = [part("head"), part("piece:0"), part("piece:12")];
  assert.deepEqual(names([...old, part("head", { run: 2 })]), ["head"]);
  assert.equal(results([...old, part("head", { run: 2 })], PLACE).run, 2);
  assert.deepEqual(names([part("head", { run: 2 }), ...old, part("piece:0", { run: 2 })]), ["head", "piece:0"]);
});

test("nothing came yet", () => {
  assert.equal(results([], PLACE), null);
});
