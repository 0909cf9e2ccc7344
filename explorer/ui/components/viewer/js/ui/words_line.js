// The shown map in words, under the image and as the image's text alternative.

import { describeMap } from "../maths/words.js";
import { el, setAttribute, setText } from "./dom.js";
import { doubtOf, reasonOf, thresholdOf } from "./doubt.js";

const LONGEST = 30; // letters of a phrase before what is said of its map

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
      if (!info || pane.isDifference) return;
      const size = `${info.view === "unknown" ? "Radiograph" : `${info.view} radiograph`}, ${info.width} by ${info.height} pixels.`;
      const words = map ? `\u201c${phrase.text}\u201d: ${this.describe(pane)}` : "No map is shown.";
      const named = `${pane.title ? `${pane.title}. ` : ""}${size} ${words}`;
      setAttribute(pane.image, "aria-label", named);
      setAttribute(pane.marks, "aria-label", `${named} Press question mark for the keys.`);
      if (index === state.active) {
        // Two lines: the card has the whole sentence, what is said of its map needs the room.
        setText(this.line, map ? `\u201c${shortened(phrase.text)}\u201d: ${this.describe(pane)}` : words);
        setAttribute(this.line, "title", words);
      }
    });
  }

  /** Made again only when the threshold in force or the badge's answer changes. */
  describe(pane) {
    const { phrase, map, info } = pane;
    const threshold = thresholdOf(pane);
    const doubt = doubtOf(pane);
    const made = `${threshold} ${doubt}`;
    if (map.wordsMade !== made) {
      map.wordsMade = made;
      map.words = describeMap({
        peak: map.peak,
        threshold,
        regions: map.regionsAt(threshold),
        width: info.width,
        height: info.height,
        laterality: info.laterality,
        spacing: info.spacing,
        doubt,
        reason: reasonOf(map),
        absent: phrase.assertion === "absent",
      });
    }
    return map.words;
  }
}

/** The first words of a phrase. */
export function shortened(text) {
  if (text.length <= LONGEST) return text;
  const cut = text.slice(0, LONGEST - 1);
  const gap = cut.lastIndexOf(" ");
  return `${gap > LONGEST / 2 ? cut.slice(0, gap) : cut}\u2026`;
}
