// The panel beside the film: a box to ask in, and the report, the details, the display as tabs.

import { el, setAttribute, setText } from "./dom.js";
import { linkOf } from "./link.js";

const TABS = [["report", "Report"], ["compare", "Compare"], ["details", "Details"], ["display", "Display"]];
const EXAMPLES = ["pleural effusion", "cardiomegaly", "left lower lung opacity", "pneumothorax"];

/** A phrase as it is kept: its words with single spaces. */
const wordsOf = (text) => text.split(/\s+/).filter(Boolean).join(" ");

export class Panel {
  constructor(viewer, bodies) {
    this.viewer = viewer;
    this.bodies = bodies;
    this.tab = "report";
    this.input = el("input.ask", {
      type: "text", "aria-label": "Phrase", placeholder: "Ask a phrase, e.g. left pleural effusion",
      autocomplete: "off", spellcheck: "false", oninput: () => this.checkLength(),
    });
    this.hint = el("p.hint", { role: "status" });
    const form = el("form.ask-form", {}, [this.input, el("button.primary", { type: "submit", text: "Ground" })]);
    form.onsubmit = (event) => {
      event.preventDefault();
      this.ask(this.input.value);
    };
    this.buttons = Object.fromEntries(TABS.map(([name, text]) => [name, el("button.tab", {
      type: "button", role: "tab", text, id: `tab-${name}`, "aria-controls": `panel-${name}`, onclick: () => this.show(name),
    })]));
    const tabs = el("div.tabs", { role: "tablist", "aria-label": "Panel" }, Object.values(this.buttons));
    tabs.onkeydown = (event) => this.arrow(event);
    this.state = el("div.state", { role: "status" });
    this.notes = el("div.notes");
    this.cost = el("span.cost");
    this.copy = el("button.plain", { type: "button", text: "Copy link", onclick: () => this.copyLink() });
    this.node = el("section.panel", { "aria-label": "Report and details" }, [
      form, this.hint, viewer.desk.problems, this.notes, tabs, this.state,
      ...TABS.map(([name]) => el(`div.tab-body.${name}`, { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` }, bodies[name])),
      viewer.boxes.node,
      el("div.foot", {}, [el("strong", { text: "Research use, not for diagnosis" }), this.copy, this.cost]),
    ]);
    this.show("report");
  }

  show(name) {
    this.tab = name;
    for (const [tab, button] of Object.entries(this.buttons)) {
      setAttribute(button, "aria-selected", tab === name ? "true" : "false");
      button.tabIndex = tab === name ? 0 : -1;
      this.node.querySelector(`.tab-body.${tab}`).hidden = tab !== name;
    }
    this.viewer.schedule();
  }

  arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = TABS.map(([name]) => name).filter((name) => name !== "compare" || this.viewer.own.length > 1);
    const next = names[(names.indexOf(this.tab) + step + names.length) % names.length];
    this.show(next);
    this.buttons[next].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  checkLength() {
    const longest = this.viewer.desk.desk?.longestPhrase;
    const over = wordsOf(this.input.value).length - longest;
    setText(this.hint, over > 0 ? `A phrase has at most ${longest} letters; this one has ${over} more. Open a longer text as a report.` : "");
  }

  ask(text) {
    const words = wordsOf(text);
    if (!words) return setText(this.hint, "Type a phrase first, for example pleural effusion.");
    const { longestPhrase, mostTyped } = this.viewer.desk.desk ?? {};
    if (words.length > longestPhrase) return this.checkLength();
    const { typed } = this.viewer;
    const known = typed.find((phrase) => phrase.text.toLowerCase() === words.toLowerCase());
    if (known) this.viewer.choosePhrase(known.id);
    else if (typed.length >= mostTyped) return setText(this.hint, `${mostTyped} phrases are kept at a time. Remove one, then try again.`);
    else this.viewer.post("ask", { text: words });
    this.input.value = "";
    this.show("report");
    return setText(this.hint, known ? "This phrase is in the list already." : "");
  }

  async copyLink() {
    const link = linkOf(this.viewer);
    try {
      await navigator.clipboard.writeText(link);
      setText(this.copy, "Copied");
    } catch {
      setText(this.hint, link); // no clipboard on this connection: the person copies it from here
    }
    setTimeout(() => setText(this.copy, "Copy link"), 1600);
  }

  /** What the results say besides their phrases. */
  refresh() {
    const { head, done, phrases, waiting, own: panes } = this.viewer;
    const { link, looseReport } = this.viewer.desk.desk ?? {};
    const notes = [...new Set(panes.flatMap((pane) => pane.head?.notes ?? []))];
    const remedies = [...new Set(panes.flatMap((pane) => pane.head?.remedies ?? []))];
    const costs = [...new Set(panes.map((pane) => pane.head?.cost).filter(Boolean))];
    this.copy.disabled = !link;
    this.copy.title = link ? "An address of this study, phrase, checkpoint and view" : "Own files are never put into an address";
    const state = JSON.stringify([looseReport, notes, remedies, costs, head?.refused, head?.bound, done, phrases.length, waiting]);
    if (state === this.shown) return;
    this.shown = state;
    setText(this.cost, costs.join("; "));
    this.notes.replaceChildren(
      ...notes.map((text) => el("p.film-note", { text })),
      ...remedies.map((text) => el("button.plain", { type: "button", text, onclick: () => this.viewer.post("remedy", { text }) })),
    );
    this.state.replaceChildren(...this.stateWords());
  }

  stateWords() {
    const { head, done, phrases, waiting } = this.viewer;
    const { looseReport } = this.viewer.desk.desk ?? {};
    if (!head || waiting) return [];
    if (head.refused) return [el("span", { text: "Nothing was grounded. The reason stands on the film." })];
    if (looseReport) {
      return [
        el("span", { text: `A report came alone: \u201c${looseReport}\u201d` }),
        el("button.plain", { type: "button", text: "Use it for this study", onclick: () => this.viewer.post("join") }),
        el("button.plain", { type: "button", text: "Discard it", onclick: () => this.viewer.post("discard") }),
      ];
    }
    if (done >= head.bound && head.bound < head.total) {
      const left = (head.total - done).toLocaleString("en");
      return [
        el("span", { text: `${left} of ${head.total.toLocaleString("en")} sentences are not grounded: a report this long waits for your word.` }),
        el("button.plain", { type: "button", text: "Ground the rest", onclick: () => this.viewer.post("everything") }),
      ];
    }
    if (head.total === 0 && !phrases.length) {
      return [
        el("span", { text: "There is no report. Ask a phrase, or try:" }),
        ...EXAMPLES.map((text) => el("button.plain", { type: "button", text, onclick: () => this.ask(text) })),
      ];
    }
    return [];
  }
}
