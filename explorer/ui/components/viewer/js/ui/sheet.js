// The key sheet: the table of keys as a dialog that opens on `?`.

import { el } from "./dom.js";
import { KEY_SHEET } from "./keys.js";

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
      el("p.legend-of-lines", {
        text: "Solid box: predicted. Dashed box: reference. Yellow box: yours. Dotted frame with hatching outside: what the model saw.",
      }),
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
