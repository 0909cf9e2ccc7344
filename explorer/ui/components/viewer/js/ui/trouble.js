// Why a pane shows no maps: its checkpoint failed, or the picture is no chest radiograph.

import { el } from "./dom.js";

const CHECK =
  "The image check compares a picture with frontal chest radiographs, with lateral and turned ones, and with pictures of other things. Open a frontal chest radiograph.";

export class Trouble {
  constructor(pane = null) {
    this.pane = pane;
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
    const refusedMap = phrase && !phrase.map && !phrase.pending ? phrase.note : "";
    const waiting = (!head && Boolean(setup)) || Boolean(phrase?.pending);
    this.node.hidden = !failed && !refused && !waiting && !refusedMap;
    this.node.classList.toggle("waiting", waiting);
    if (phrase?.pending) this.making(phrase);
    else if (waiting) this.node.textContent = "The maps of this pane are being made.";
    else if (refusedMap) this.node.replaceChildren(el("strong", { text: "No map here. " }), refusedMap);
    else if (failed) this.node.replaceChildren(el("strong", { text: "No maps here. " }), failed);
    else if (refused) this.node.replaceChildren(el("strong", { text: "Nothing was grounded. " }), `${refused} ${CHECK}`);
  }

  /** A map that takes its time can be stopped, and taken up again. */
  making(phrase) {
    const stopped = Boolean(phrase.note);
    const state = `${phrase.id} ${stopped}`;
    if (this.made === state && this.node.querySelector("button")) return;
    this.made = state;
    const post = (kind) => this.pane.viewer.post(kind, { pane: this.pane.index, text: phrase.id });
    const press = stopped
      ? () => {
          phrase.note = "";
          post("source");
          this.pane.viewer.schedule();
        }
      : ({ target }) => {
          target.disabled = true;
          post("stop");
        };
    this.node.replaceChildren(
      stopped ? phrase.note : "The map of this phrase is being made.",
      el("button.plain", { type: "button", text: stopped ? "Go on" : "Stop", onclick: press }),
    );
  }
}
