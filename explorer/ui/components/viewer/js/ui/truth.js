// Boxes that are known: of the study, of a file that was opened, and drawn by hand.

import { readBoxes } from "../maths/box_file.js";

export class Truth {
  constructor(viewer) {
    this.viewer = viewer;
    this.loaded = []; // { image, phrase, sentence, box, label }
    this.said = "";
  }

  /** Take the boxes of a file for the film of the first pane; what cannot be used is said. */
  async open(file) {
    const { viewer } = this;
    const { info } = viewer.own[0] ?? {};
    if (!info || !file) return;
    const { boxes, problems } = readBoxes(await file.text(), info);
    const known = boxes.filter((box) => this.meets(box));
    const strangers = boxes.filter((box) => !known.includes(box)).map(({ phrase }) => `\u201c${phrase}\u201d`);
    if (strangers.length) problems.push(`${strangers.slice(0, 3).join(", ")} ${strangers.length === 1 ? "is" : "are"} no phrase on screen: ask it, then open the file again.`);
    this.loaded = this.loaded.filter(({ image }) => image !== info.id);
    this.loaded.push(...known.map((box) => ({ ...box, image: info.id, label: box.phrase ?? "from file" })));
    this.said = [`${known.length} of ${boxes.length + problems.length - (strangers.length ? 1 : 0)} boxes of the file are used.`, ...problems.slice(0, 5)].join("\n");
    viewer.partsChanged();
  }

  /** Whether a box of a file belongs to a phrase on screen, or to all. */
  meets({ phrase, sentence }) {
    if (phrase === null && sentence === null) return true;
    return this.viewer.phrases.some((shown) => belongs({ phrase, sentence }, shown));
  }

  forget() {
    this.loaded = [];
    this.said = "";
    this.viewer.partsChanged();
  }

  /** Boxes of files on a film, as reference boxes of its pane. */
  on(image) {
    return this.loaded.filter((box) => box.image === image);
  }

  /** Boxes that a phrase is measured against on a pane; those drawn by hand belong to the phrase in view. */
  of(pane, phrase) {
    const known = pane.reference.filter((reference) => belongs(reference, phrase)).map(({ box }) => box);
    const drawn = phrase.id === this.viewer.state.phraseId ? this.viewer.boxes.list.filter(({ image }) => image === pane.info?.id) : [];
    return [...known, ...drawn.map(({ box }) => box)];
  }
}

/** A box without phrase and sentence belongs to every phrase. */
export function belongs({ phrase = null, sentence = null }, shown) {
  if (sentence !== null && shown.sentence === sentence) return true;
  if (phrase !== null) return [shown.text, shown.map?.phrase].some((text) => text && same(text, phrase));
  return sentence === null;
}

function same(a, b) {
  const plain = (text) => text.toLowerCase().replace(/[.\s]+/g, " ").trim();
  return plain(a) === plain(b);
}
