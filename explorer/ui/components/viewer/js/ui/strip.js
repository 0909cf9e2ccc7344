// The strip at a pane's edge that says why a map is not drawn, and the button to see it all the same.

import { el, setText } from "./dom.js";
import { doubtOf, reasonOf } from "./doubt.js";

export class Strip {
  constructor(pane) {
    this.pane = pane;
    this.text = el("span.reason");
    this.button = el("button.anyway", { type: "button", title: "Key s", onclick: () => pane.viewer.toggleAnyway() });
    this.node = el("div.strip", { hidden: true }, [this.text, this.button]);
  }

  refresh() {
    const doubt = doubtOf(this.pane);
    this.node.hidden = doubt === "none";
    this.pane.film.classList.toggle("doubted", doubt !== "none");
    if (doubt === "none") return;
    const reason = reasonOf(this.pane.map);
    setText(this.text, reason);
    this.text.title = reason;
    setText(this.button, doubt === "shown" ? "Hide again" : "Show anyway");
  }
}
