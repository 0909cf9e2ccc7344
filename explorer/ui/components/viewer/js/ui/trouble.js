// Why a pane shows no maps: its checkpoint failed, or the picture is no chest radiograph.

import { el } from "./dom.js";

const CHECK =
  "The image check compares a picture with frontal chest radiographs, with lateral and turned ones, and with pictures of other things. Open a frontal chest radiograph.";

export class Trouble {
  constructor() {
    this.node = el("div.refusal", { role: "alert", hidden: true });
  }

  /** One sentence, or nothing. */
  say(text) {
    this.node.hidden = !text;
    if (text && this.node.textContent !== text) this.node.replaceChildren(text);
  }

  /** With panes to choose from, one without results says that they are being made. */
  refresh(head, setup) {
    const { failed = "", refused = "" } = head ?? {};
    const waiting = !head && Boolean(setup);
    this.node.hidden = !failed && !refused && !waiting;
    this.node.classList.toggle("waiting", waiting);
    if (waiting) this.node.textContent = "The maps of this pane are being made.";
    else if (failed) this.node.replaceChildren(el("strong", { text: "No maps here. " }), failed);
    else if (refused) this.node.replaceChildren(el("strong", { text: "Nothing was grounded. " }), `${refused} ${CHECK}`);
  }
}
