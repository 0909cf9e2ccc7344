// Why a pane shows no maps: its checkpoint failed, or the picture is no chest radiograph.

import { el } from "./dom.js";

const CHECK =
  "The image check compares a picture with frontal chest radiographs, with lateral and turned ones, and with pictures of other things. Open a frontal chest radiograph.";

export class Trouble {
  constructor() {
    this.node = el("div.refusal", { role: "alert", hidden: true });
  }

  refresh(head) {
    const { failed = "", refused = "" } = head ?? {};
    this.node.hidden = !failed && !refused;
    if (failed) this.node.replaceChildren(el("strong", { text: "No maps here. " }), failed);
    else if (refused) this.node.replaceChildren(el("strong", { text: "Nothing was grounded. " }), `${refused} ${CHECK}`);
  }
}
