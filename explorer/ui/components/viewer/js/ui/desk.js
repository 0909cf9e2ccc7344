// What stands on the stage when there is no picture to show, and what lies around one.

import { endOpening, opening } from "../../../js/tab.js";
import { thumbnail } from "../../../js/thumbnail.js";
import { el, setAttribute, setText } from "./dom.js";

const NOTICE = "radiograph-explorer-notice";

export class Desk {
  constructor(viewer) {
    this.viewer = viewer;
    this.strip = el("div.films", { role: "group", "aria-label": "Radiographs of this study", hidden: true });
    this.cover = el("div.cover", { role: "status", hidden: true });
    this.notice = this.makeNotice();
    this.problems = el("div.problems", { role: "alert" });
  }

  /** The notice of a first visit; afterwards its title stays in the panel. */
  makeNotice() {
    const node = el("div.notice", {}, [
      el("span", {}, [
        el("strong", { text: "Research use, not for diagnosis. " }),
        "The maps show which parts of a radiograph a model links with a phrase. They are often wrong, and they do not show disease.",
      ]),
      el("button.plain", { type: "button", text: "Understood", onclick: () => this.dismissNotice() }),
    ]);
    node.hidden = stored(NOTICE) === "seen";
    return node;
  }

  dismissNotice() {
    this.notice.hidden = true;
    store(NOTICE, "seen");
  }

  /** Lay out a new film message. */
  take(desk, message) {
    this.desk = desk;
    setAttribute(this.viewer.root, "data-compact", desk.compact ? "1" : null);
    this.strip.hidden = desk.thumbnails.length < 2;
    this.films = desk.thumbnails.map(({ label, side, grey }, index) =>
      el("button.thumb", {
        type: "button", title: label, "aria-label": `Radiograph ${index + 1}: ${label}`,
        "aria-pressed": index === desk.index ? "true" : "false",
        onclick: () => this.chooseFilm(index),
      }, [thumbnail(message.blob(grey), side), el("span", { text: String(index + 1) })]),
    );
    this.strip.replaceChildren(...this.films);
    this.problems.replaceChildren(...(desk.failed ? [] : desk.problems.map((problem) => this.problem(problem))));
  }

  problem({ title, text }) {
    const node = el("div.problem", {}, [
      el("strong", { text: title }),
      el("span", { text }),
      el("button.plain", { type: "button", text: "Dismiss", onclick: () => node.remove() }),
    ]);
    return node;
  }

  chooseFilm(index) {
    const { desk } = this;
    if (!desk || index === desk.index || index < 0 || index >= desk.thumbnails.length) return;
    this.films.forEach((film, at) => setAttribute(film, "aria-pressed", at === index ? "true" : "false"));
    this.viewer.leaveFilm();
    this.viewer.outbox.post("film", { index });
  }

  stepFilm(step) {
    const { desk } = this;
    if (!desk || desk.thumbnails.length < 2) return;
    this.chooseFilm((desk.index + step + desk.thumbnails.length) % desk.thumbnails.length);
  }

  /** Cover the stage while another study is opened, and where there is nothing to show. */
  refresh() {
    const { desk } = this;
    const label = opening();
    const words = label ?? this.viewer.leaving ?? (desk?.failed ? "failed" : desk && !this.viewer.panes.length ? "empty" : "");
    setAttribute(this.viewer.root, "data-covered", words ? "1" : null);
    this.cover.hidden = !words;
    const looseReport = desk?.looseReport ?? "";
    const state = `${words}\n${looseReport}\n${desk?.problems.map(({ title }) => title).join()}`;
    if (state === this.covered) return;
    this.covered = state;
    if (label) this.cover.replaceChildren(...this.openingWords(label));
    else if (this.viewer.leaving) this.cover.replaceChildren(el("p", { text: words }));
    else if (words === "failed") this.cover.replaceChildren(...this.failedWords(desk));
    else if (words === "empty") this.cover.replaceChildren(...emptyWords());
  }

  openingWords(label) {
    return [
      el("div.pulse", { "aria-hidden": "true" }),
      el("p", { text: label }),
      el("button.plain", { type: "button", text: this.viewer.panes.length ? "Back to the study on screen" : "Back", onclick: () => endOpening() }),
    ];
  }

  failedWords({ problems, back, looseReport }) {
    const { outbox } = this.viewer;
    const buttons = [];
    if (looseReport && back) {
      buttons.push(el("button.plain", { type: "button", text: `Join this report to ${back}`, onclick: () => outbox.post("join") }));
    }
    if (back) buttons.push(el("button.plain", { type: "button", text: `Back to ${back}`, onclick: () => outbox.post("back") }));
    return [
      el("h2", { text: "Nothing was opened" }),
      ...problems.map(({ title, text }) => el("div.problem", {}, [el("strong", { text: title }), el("span", { text })])),
      el("div.row", {}, buttons),
    ];
  }
}

function emptyWords() {
  return [
    el("h2", { text: "No study is open" }),
    el("p", { text: "Drop a radiograph and its report here, or press Open study." }),
  ];
}

function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is switched off: the notice comes again on the next visit
  }
}
