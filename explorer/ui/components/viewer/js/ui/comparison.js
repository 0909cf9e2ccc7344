// The Compare tab: numbers of the shown phrase by pane and pair, every phrase with known boxes, files.

import { el, setAttribute, setText } from "./dom.js";
import { letterOf } from "./merged.js";
import { MEASURES, numbersOf } from "./numbers.js";
import { saveFigure } from "./save_figure.js";
import { saveNumbers } from "./save_numbers.js";

export class Comparison {
  constructor(viewer) {
    this.viewer = viewer;
    this.body = el("div.numbers");
    this.file = el("input", { type: "file", accept: ".json,.csv,application/json,text/csv", hidden: true, "aria-label": "File with boxes" });
    this.file.onchange = () => {
      viewer.truth.open(this.file.files[0]);
      this.file.value = "";
    };
    this.said = el("p.hint.boxes-said", { role: "status" });
    const button = (text, title, onclick) => el("button.plain", { type: "button", text, title, onclick });
    this.forget = button("Forget them", "Take the boxes of the file away", () => viewer.truth.forget());
    this.node = el("div.comparison", {}, [
      this.body,
      el("div.row", { role: "group", "aria-label": "Known boxes" }, [
        button("Open boxes", "JSON or CSV with boxes in pixels of the original; what is measured in this tab", () => this.file.click()),
        this.forget, this.file,
      ]),
      this.said,
      el("div.row.for-setup", { role: "group", "aria-label": "Faithfulness" }, [
        button("Check faithfulness", "Does the score follow each map, and does the map depend on what was learned? Takes a while.", () => viewer.post("check", { text: viewer.state.phraseId })),
      ]),
      el("div.row", { role: "group", "aria-label": "Take along" }, [
        button("Figure PNG", "All panes with labels and colour bars", () => saveFigure(viewer, "png")),
        button("Figure SVG", "The same with text and lines as vectors", () => saveFigure(viewer, "svg")),
        button("Numbers CSV", "Every phrase, pane and pair", () => saveNumbers(viewer, "csv")),
        button("Numbers JSON", "Every phrase, pane and pair", () => saveNumbers(viewer, "json")),
      ]),
      el("details", {}, [
        el("summary", { text: "How these are computed" }),
        el("p.formula", { text:
          "Score: of the whole film, with the pane's pooling; in brackets where it is not calibrated. Peak: highest score of the map. " +
          "Above: share of the seen film above the threshold in force. IoU of a pair: overlap of what lies above each map's own threshold, " +
          "or above the slider's; r: Pearson correlation of the two maps; both on a lattice of up to 160 x 160 over what both models saw. " +
          "CNR, IoU and pointing against boxes: in pixels of the original, boxes of a phrase merged, CNR signed. A star marks the best pane." }),
      ]),
    ]);
  }

  /** Only when it is seen, and only when something it shows has changed. */
  refresh() {
    const { viewer } = this;
    const several = viewer.own.length > 1;
    setAttribute(viewer.root, "data-several", several ? "1" : null);
    if (viewer.panel.tab !== "compare") return;
    if (!several) return viewer.panel.show("report");
    const { state } = viewer;
    const seen = [viewer.phrases, viewer.setup, state.phraseId, state.threshold, state.difference, viewer.boxes.list.map(({ box }) => box.join()).join(" "), viewer.truth.loaded];
    if (this.seen?.every((item, at) => item === seen[at])) return undefined;
    this.seen = seen;
    this.body.replaceChildren(...this.content());
    this.forget.hidden = !viewer.truth.loaded.length;
    return setText(this.said, viewer.truth.said);
  }

  content() {
    const { viewer } = this;
    const phrase = viewer.phrases.find(({ id }) => id === viewer.state.phraseId);
    if (!phrase?.map) return [el("p.hint", { text: "Choose a sentence to compare what the panes make of it." })];
    const found = numbersOf(viewer, phrase);
    return [el("h3", { text: phrase.text }), this.panes(found), this.pairs(found), this.everyPhrase()].filter(Boolean);
  }

  panes({ panes, winners }) {
    const known = panes.some((pane) => pane.known);
    const head = ["", "Score", "Peak", "Above", ...(known ? MEASURES.map(([, text]) => text) : [])];
    const rows = panes.map((pane) => {
      const { letter, map } = pane;
      const own = map
        ? [pane.scoreShown.text, pane.peak.value.toFixed(2), `${(100 * pane.area).toFixed(1)} %`]
        : ["no map", "", ""];
      const boxes = known ? MEASURES.map(([measure]) => starred(shown(measure, pane.known), winners[measure].includes(letter))) : [];
      return row(letter, [...own, ...boxes], pane.checkpoint);
    });
    return table("What each pane makes of it", head, rows);
  }

  pairs({ pairs }) {
    const { difference } = this.viewer.state;
    const rows = pairs.map(({ a, b, indices, iou, r, why }) => {
      const pressed = difference?.pair.join() === indices.join();
      const press = el("button.plain", {
        type: "button", text: `${a} \u2212 ${b}`, "aria-pressed": pressed ? "true" : "false", disabled: Boolean(why),
        title: why ?? "Show the difference of the two maps", onclick: () => this.viewer.showDifference(pressed ? null : indices),
      });
      return row(`${a}, ${b}`, why ? [why, "", press] : [digits(iou), digits(r), press]);
    });
    return table("How far they agree", ["", "IoU", "r", "Difference"], rows);
  }

  /** Which pane wins, for every phrase whose place is known. */
  everyPhrase() {
    const { viewer } = this;
    const found = viewer.phrases.filter(({ map }) => map).map((phrase) => numbersOf(viewer, phrase)).filter(({ panes }) => panes.some(({ known }) => known));
    if (!found.length) return el("p.hint", { text: "No place is known here. Draw a box on the film, or open a file with boxes, to see which pane comes closer." });
    const letters = viewer.own.map((_, index) => letterOf(index));
    const rows = found.map(({ id, phrase, panes, winners }) => {
      const name = el("button.phrase-link", { type: "button", text: phrase, title: phrase, onclick: () => viewer.choosePhrase(id) });
      return row(name, [...panes.map(({ letter, known }) => starred(shown("cnr", known), winners.cnr.includes(letter))), winners.iou.join(", ") || "\u2013", winners.pointing.join(", ") || "\u2013"]);
    });
    return table("CNR of every phrase with known boxes", ["Phrase", ...letters, "Best IoU", "Hits"], rows);
  }
}

function table(caption, head, rows) {
  return el("table", {}, [
    el("caption", { text: caption }),
    el("thead", {}, [el("tr", {}, head.map((text) => el("th", { text, scope: "col" })))]),
    el("tbody", {}, rows),
  ]);
}

function row(name, cells, title = null) {
  const first = typeof name === "string" ? el("th", { scope: "row", title, text: name }) : el("th", { scope: "row" }, [name]);
  return el("tr", {}, [first, ...cells.map((cell) => (typeof cell === "string" ? el("td", { text: cell }) : el("td", {}, [cell])))]);
}

function starred(text, best) {
  return best ? el("strong.best", { text: `${text} \u2605`, title: "The best pane" }) : text;
}

/** One measure against known boxes, in words. */
export function shown(measure, known) {
  if (!known) return "\u2013";
  return measure === "pointing" ? (known.pointing ? "hit" : "miss") : digits(known[measure]);
}

function digits(value) {
  return Number.isNaN(value) ? "\u2013" : value.toFixed(2).replace("-", "\u2212");
}
