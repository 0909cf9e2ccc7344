// The pane of a difference: the map of one pane minus that of another, of the phrase in view.

import { tintTable } from "../maths/colour.js";
import { valueAt } from "../maths/frame.js";
import { difference } from "../maths/difference.js";
import { el, setAttribute } from "./dom.js";
import { letterOf } from "./merged.js";
import { Pane } from "./pane.js";

export const QUANTITIES = [["score", "score"], ["cosine", "cosine"], ["rank", "rank"]];
const RANK_HELP = "Rank: share of the film with a lower value; needs no common scale";
const SAME = 0.04; // of the scale's end: below it nothing is tinted, so that the film shows where maps agree

/** What a pane draws, of a difference: one grid, zero in the middle of its scale, no threshold. */
class DifferenceMap {
  constructor(found) {
    const { values, frame, limit } = found;
    Object.assign(this, { cosine: values, frame, limit, low: -limit, high: limit, controls: { abstain: false, reasons: [] }, threshold: null });
  }

  rangeOf() {
    return [-this.limit, this.limit];
  }

  coloursOf() {
    return "PuOr";
  }

  contours() {
    return [];
  }

  outlineAt(level) {
    return { level, lines: [] };
  }

  partsAt() {
    return { regions: [] };
  }
}

export class DifferencePane extends Pane {
  constructor(viewer, index) {
    super(viewer, index);
    this.isDifference = true;
    this.node.classList.add("difference");
    this.node.replaceChild(this.makeBar(), this.setupBar.node);
    setAttribute(this.node, "data-bar", "1");
  }

  makeBar() {
    const { viewer } = this;
    this.pair = el("select", { "aria-label": "Which panes are subtracted", title: "Which panes are subtracted", onchange: () => viewer.showDifference(this.pair.value.split(",").map(Number)) });
    this.quantity = el("select", { "aria-label": "What is subtracted", title: `What is subtracted. ${RANK_HELP}`, onchange: () => viewer.showDifference(viewer.state.difference.pair, this.quantity.value) }, QUANTITIES.map(([value, text]) => el("option", { value, text })));
    const close = el("button.tool", { type: "button", "aria-label": "Close the difference", title: "Close the difference", text: "\u00d7", onclick: () => viewer.showDifference(null) });
    return el("div.pane-bar", {}, [el("span.only", { text: "Difference" }), this.pair, this.quantity, el("span.pane-buttons", {}, [close])]);
  }

  /** The panes of the pair, both or neither. */
  get sides() {
    const { pair } = this.viewer.state.difference ?? { pair: [] };
    const found = pair.map((index) => this.viewer.own[index]);
    return found.length === 2 && found.every(Boolean) ? found : null;
  }

  /** "A minus B" and why there is nothing to show. */
  get phrase() {
    return this.sides?.[0].phrase ?? null;
  }

  get map() {
    const [a, b] = this.sides?.map((pane) => pane.map) ?? [];
    if (!a || !b || this.sides[0].info?.id !== this.sides[1].info?.id) return null;
    const { quantity } = this.viewer.state.difference;
    const made = [a, b, quantity];
    if (!this.made?.every((part, at) => part === made[at])) {
      const found = difference(a, b, quantity);
      Object.assign(this, { made, difference: found && new DifferenceMap(found), indicesStale: true, tint: null });
    }
    return this.difference;
  }

  take() {} // it has no results of its own

  makeTint() {
    const { map } = this;
    const { opacity } = this.viewer.state;
    if (!map) return tintTable({ map: "PuOr", low: 0, high: 1, cut: 2, opacity });
    const { limit } = map;
    return tintTable({ map: "PuOr", low: -limit, high: limit, cut: -limit, gap: [-SAME * limit, SAME * limit], opacity });
  }

  /** Both values and their exact difference at a point of the film. */
  valuesAt(x, y) {
    const { quantity } = this.viewer.state.difference;
    if (quantity === "rank") return [this.named(valueAt(this.map.cosine, this.map.frame, x, y))];
    const [a, b] = this.sides.map(({ map }) => map.valueAt(quantity, x, y));
    return [this.named(a - b)];
  }

  get letters() {
    return this.viewer.state.difference?.pair.map(letterOf).join(" \u2212 ") ?? "";
  }

  named(value) {
    const { quantity } = this.viewer.state.difference;
    return `${this.letters} ${quantity} ${(value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(3)}`;
  }

  refreshBar() {
    const { viewer } = this;
    const letters = viewer.own.map((_, index) => index);
    const pairs = letters.flatMap((a) => letters.filter((b) => b !== a).map((b) => [a, b]));
    const shown = `${pairs.join(" ")} ${viewer.state.difference?.pair}`;
    if (shown !== this.shownPairs) {
      this.shownPairs = shown;
      this.pair.replaceChildren(...pairs.map((pair) => el("option", { value: pair.join(), text: pair.map(letterOf).join(" \u2212 "), selected: pair.join() === String(viewer.state.difference?.pair) })));
    }
    this.quantity.value = viewer.state.difference?.quantity ?? "score";
    const { sides } = this;
    const other = sides && sides[0].info?.id !== sides[1].info?.id;
    this.trouble.say(other ? "These panes show different films: there is no difference to draw." : sides && !this.map ? "One of the two panes has no map of this phrase." : "");
  }
}
