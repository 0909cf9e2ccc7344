// The bar above a pane of Compare: its letter, what it is set to, and how it is taken away.

import { el, setAttribute } from "./dom.js";
import { letterOf } from "./merged.js";

const FIELDS = [
  ["checkpoint", "Checkpoint", "checkpoints"],
  ["source", "Maps from", "sources"], // each checkpoint has its own
  ["pooling", "Pooling of the score", "poolings"],
  ["film", "Radiograph", "films"],
];
const FEWEST = 2;

export class PaneBar {
  constructor(pane) {
    this.pane = pane;
    this.node = el("div.pane-bar", { hidden: true });
  }

  /** Laid out anew when what can be chosen changes; a choice in hand is left alone. */
  refresh() {
    const { viewer, index } = this.pane;
    const { setup } = viewer;
    this.node.hidden = !setup;
    setAttribute(this.pane.node, "data-bar", setup ? "1" : null);
    const shown = setup && JSON.stringify([setup, index]);
    if (!setup || shown === this.shown) return;
    this.shown = shown;
    const own = setup.panes[index];
    this.node.replaceChildren(
      el("span.letter", { text: letterOf(index), title: `Pane ${letterOf(index)}` }),
      ...(own ? FIELDS.map((field) => this.field(field, setup, own)).filter(Boolean) : []),
      this.buttons(setup),
    );
  }

  field([name, label, list], setup, own) {
    const { viewer, index } = this.pane;
    const choices = choicesOf(list, setup, own);
    if (choices.length < 2) return name === "checkpoint" ? el("span.only", { text: choices[0]?.[1] ?? "" }) : null;
    const options = choices.map(([value, text]) => el("option", { value: String(value), text, selected: value === own[name] }));
    const chosen = choices.find(([value]) => value === own[name])?.[1];
    const title = chosen ? `${label}: ${chosen}` : label; // a narrow field cuts what it holds
    const select = el(`select.${name}`, { "aria-label": `${label}, pane ${letterOf(index)}`, title }, options);
    select.onchange = () => {
      const [value] = choices[select.selectedIndex];
      viewer.post("set", { pane: index, name, value });
      viewer.say(`Pane ${letterOf(index)}: ${label} ${choices[select.selectedIndex][1]}`);
    };
    return select;
  }

  buttons({ panes, most }) {
    const { viewer, index } = this.pane;
    const letter = letterOf(index);
    const last = index === panes.length - 1;
    return el("span.pane-buttons", {}, [
      last && panes.length < most
        ? el("button.tool", { type: "button", "aria-label": "Add a pane", title: "Add a pane", text: "+", onclick: () => viewer.post("add") })
        : null,
      panes.length > FEWEST
        ? el("button.tool", { type: "button", "aria-label": `Remove pane ${letter}`, title: "Remove this pane", text: "\u00d7", onclick: () => viewer.post("remove", { pane: index }) })
        : null,
    ]);
  }
}

/** What a field offers: [value, words]. */
function choicesOf(list, setup, own) {
  if (list === "films") return setup.films.map((text, at) => [at, text]);
  return list === "sources" ? own.sources.map((name) => [name, name]) : setup[list];
}
