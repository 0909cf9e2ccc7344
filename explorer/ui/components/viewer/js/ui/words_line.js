// The shown map in words, under the image and as the image's text alternative.

import { describeMap } from "../maths/words.js";
import { el, setAttribute, setText } from "./dom.js";

export class Words {
  constructor(viewer) {
    this.viewer = viewer;
    this.line = el("p.words");
    this.node = el("div.in-words", {}, [this.line]);
  }

  refresh() {
    const { panes, state } = this.viewer;
    panes.forEach((pane, index) => {
      const { phrase, map, info } = pane;
      if (!info) return;
      const size = `${info.view === "unknown" ? "Radiograph" : `${info.view} radiograph`}, ${info.width} by ${info.height} pixels.`;
      const words = map ? `\u201c${phrase.text}\u201d: ${this.describe(pane)}` : "No map is shown.";
      const named = `${pane.title ? `${pane.title}. ` : ""}${size} ${words}`;
      setAttribute(pane.image, "aria-label", named);
      setAttribute(pane.marks, "aria-label", `${named} Press question mark for the keys.`);
      if (index === state.active) setText(this.line, words);
    });
  }

  /** Made once a map; the peak takes a pass over the pixels of the original. */
  describe({ phrase, map, info }) {
    map.words ??= describeMap({
      peak: map.measured.peak,
      threshold: map.threshold,
      regions: map.regions,
      width: info.width,
      height: info.height,
      laterality: info.laterality,
      abstain: map.controls.abstain,
      absent: phrase.assertion === "absent",
    });
    return map.words;
  }
}
