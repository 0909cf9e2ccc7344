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
  refresh(head, setup, phrase = null) {
    const { failed = "", refused = "" } = head ?? {};
    const made = phrase?.pending ? "The map of this phrase is being made." : "";
    const refusedMap = phrase && !phrase.map && !phrase.pending ? phrase.note : "";
    const waiting = (!head && Boolean(setup)) || Boolean(made);
    this.node.hidden = !failed && !refused && !waiting && !refusedMap;
    this.node.classList.toggle("waiting", waiting);
    if (waiting) this.node.textContent = made || "The maps of this pane are being made.";
    else if (refusedMap) this.node.replaceChildren(el("strong", { text: "No map here. " }), refusedMap);
    else if (failed) this.node.replaceChildren(el("strong", { text: "No maps here. " }), failed);
    else if (refused) this.node.replaceChildren(el("strong", { text: "Nothing was grounded. " }), `${refused} ${CHECK}`);
  }
}
