// The colour bar: in a gutter of its own beside or below the film, never over it.

import { gradient } from "../maths/colour.js";
import { el, setText } from "./dom.js";
import { isDrawn, thresholdOf } from "./doubt.js";

const EXPLAINED = {
  "score*": "* not calibrated: a plain scale over the usual cosines of this checkpoint",
  "of max": "Share of the largest value of this map, which stands on the film",
};

export class ColourBar {
  constructor(pane) {
    this.pane = pane;
    this.mark = el("i.cut", { title: "Threshold in force" });
    this.ramp = el("div.ramp", {}, [this.mark]);
    this.ticks = [el("span"), el("span"), el("span")];
    this.title = el("div.bar-title");
    this.body = el("div.bar-body", {}, [this.ramp, el("div.ticks", {}, this.ticks)]);
    this.node = el("div.colour-bar", { "aria-hidden": "true", hidden: true }, [this.title, this.body]);
  }

  /** It stays, pale, while its map is hidden: the film does not jump, and the strip says why it is there. */
  refresh() {
    const { pane } = this;
    const { map, viewer } = pane;
    // Among several panes a place without a map is kept, so that all films are of one size.
    this.node.hidden = !map && viewer.own.length < 2;
    if (!map) {
      this.drawn = false;
      this.node.style.visibility = "hidden";
      return;
    }
    this.node.style.visibility = "visible";
    this.drawn = isDrawn(pane);
    this.node.classList.toggle("pale", !this.drawn);
    const { quantity, colours, difference } = viewer.state;
    const [low, high] = map.rangeOf(quantity);
    const name = map.coloursOf(quantity, colours);
    const title = !this.drawn ? "map hidden" : pane.isDifference ? `\u0394 ${difference?.quantity}` : map.source ? map.bar || "of max" : quantity === "score" && map.mapCalibrated === false ? "score*" : quantity;
    const shown = `${name} ${low} ${high} ${title}`;
    if (this.shown !== shown) {
      this.shown = shown;
      this.ramp.style.setProperty("--up", gradient(name, "to top"));
      this.ramp.style.setProperty("--along", gradient(name, "to right"));
      setText(this.title, title);
      this.node.title = EXPLAINED[title] ?? "";
      [high, (low + high) / 2, low].forEach((value, index) => setText(this.ticks[index], tick(value)));
    }
    this.mark.hidden = pane.isDifference === true || !this.drawn;
    if (this.mark.hidden) return;
    const cut = map.cutFor(quantity, thresholdOf(pane));
    const share = Math.min(Math.max((cut - low) / (high - low), 0), 1);
    this.mark.style.setProperty("--share", `${100 * share}%`);
  }
}

/** "0.5", "1", "−0.25": as few digits as the value needs, two at most. */
function tick(value) {
  return String(Number(value.toFixed(2))).replace("-", "\u2212");
}
