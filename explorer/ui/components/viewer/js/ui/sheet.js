// The key sheet: the table of keys as a dialog that opens on `?`.

import { el } from "./dom.js";
import { KEY_SHEET } from "./keys.js";

const LEGEND = [
  ["solid, coloured", "Predicted: the line at the threshold and the box round it, in the colour of the sentence's card"],
  ["thin white", "Lines at fixed scores above the threshold"],
  ["dashed, hatched", "A map whose badge is raised, shown all the same: not to be relied on"],
  ["dashed white", "Reference box of the shown sentence"],
  ["faint dotted", "Reference boxes of the other sentences of this report"],
  ["yellow", "Boxes drawn by hand"],
  ["light blue", "Rulers and angles drawn by hand"],
  ["dashed grey", "What the model saw; hatched outside"],
];

export class KeySheet {
  constructor() {
    const groups = KEY_SHEET.map(([title, rows]) =>
      el("section", {}, [
        title ? el("h3", { text: title }) : null,
        el("dl", {}, rows.flatMap(([keys, what]) => [el("dt", {}, keysOf(keys)), el("dd", { text: what })])),
      ]),
    );
    this.close = el("button.close", { type: "button", text: "Close", onclick: () => this.node.close() });
    this.node = el("dialog.sheet", { "aria-label": "Keys and mouse of the viewer" }, [
      el("header", {}, [el("h2", { text: "Keys and mouse" }), this.close]),
      el("p", { text: "Keys work while the viewer has the focus: click the image or tab to it." }),
      el("div.columns", {}, groups),
      el("section.legend-of-lines", {}, [
        el("h3", { text: "Lines on the film" }),
        el("dl", {}, LEGEND.flatMap(([sign, what]) => [el("dt", { text: sign }), el("dd", { text: what })])),
      ]),
    ]);
    // A click on the backdrop closes, as people expect.
    this.node.onclick = (event) => event.target === this.node && this.node.close();
  }

  open() {
    if (!this.node.open) this.node.showModal();
  }
}

function keysOf(text) {
  return text.split(", ").flatMap((key, index) => [index ? ", " : "", el("kbd", { text: key })]);
}
