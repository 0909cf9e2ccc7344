import assert from "node:assert/strict";
import { test } from "node:test";

import { leadsAway } from "../../explorer/ui/components/js/leaving.js";

const targets = ["", "compare", "retrieve"];

test("a link leads away unless it is of the page on screen", () => {
  assert.equal(leadsAway("retrieve", "/", targets), true);
  assert.equal(leadsAway("retrieve", "/retrieve", targets), false);
  assert.equal(leadsAway("retrieve", "/below/retrieve/", targets), false);
});

test("the first page has an empty link and stands at the root, also below another path", () => {
  assert.equal(leadsAway("", "/", targets), false);
  assert.equal(leadsAway("", "/below/", targets), false);
  assert.equal(leadsAway("", "/compare", targets), true);
});
