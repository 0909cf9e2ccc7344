// Behind the map of the chosen phrase: verdict, rank among null phrases, controls, regions, words.

import { el } from "./dom.js";
import { letterOf } from "./merged.js";
import { gaugeOf, verdictOf } from "./verdict.js";

const WAYS = {
  "leave one out": { name: "Leaving each out", hint: "Cosine lost at the map's highest place when the word is left out." },
  "integrated gradients": { name: "Integrated gradients", hint: "Cosine added at the map's highest place as the words fade in together." },
};

export class Details {
  asked = new Set(); // words that were asked for

  constructor(viewer) {
    this.viewer = viewer;
    this.node = el("div.details");
  }

  /** Drawn anew when the phrase, its map, the threshold or its words change; cheap, and only when seen. */
  refresh() {
    const { viewer } = this;
    if (viewer.panel.tab !== "details") {
      // What is not seen must not wait there for another study.
      if (this.state) this.node.replaceChildren();
      this.state = null;
      return;
    }
    const { pane } = viewer;
    const phrase = pane?.phrase;
    const words = phrase && pane.words.get(phrase.id);
    const state = [phrase?.map, words, viewer.state.threshold, pane?.head, this.asked.size, viewer.own.length, viewer.state.phraseId];
    if (this.state && state.every((item, index) => item === this.state[index])) return;
    this.state = state;
    const content = phrase?.map ? this.content(phrase, words) : [el("p.hint", { text: "Choose a sentence to see what stands behind its map." })];
    this.node.replaceChildren(...this.choosePane(), ...content);
  }

  /** Which pane the details are of, when there are several. */
  choosePane() {
    const { viewer } = this;
    if (viewer.own.length < 2) return [];
    const buttons = viewer.own.map((pane, index) =>
      el("button.choice", {
        type: "button", text: letterOf(index), title: pane.title, "aria-label": `Pane ${letterOf(index)}: ${pane.title}`,
        "aria-pressed": pane === viewer.pane ? "true" : "false", onclick: () => viewer.set({ active: index }),
      }),
    );
    return [el("div.choose-pane", {}, [el("div.segmented", { role: "group", "aria-label": "Pane" }, buttons), el("span.hint", { text: viewer.pane.title })])];
  }

  content(phrase, words) {
    const { map } = phrase;
    if (map.source) return this.attribution(phrase);
    return [
      el("h3", { text: phrase.text }),
      map.phrase !== phrase.text ? el("p.hint", { text: `Asked of the model: ${map.phrase}` }) : null,
      this.verdict(phrase),
      this.rank(map),
      this.controls(map.controls),
      this.regions(phrase),
      this.carrying(phrase, words),
      map.mapCalibrated === false ? el("p.hint", { text: "This checkpoint was never calibrated: its scores are a plain scale over its usual cosines, and say nothing of how likely the finding is." }) : null,
      map.calibrated === false && map.mapCalibrated !== false ? el("p.hint", { text: "The score of this pooling is not calibrated: it says nothing of how likely the finding is." }) : null,
    ].filter(Boolean);
  }

  /** What a map of another source is, in place of controls that speak of similarity. */
  attribution(phrase) {
    const { map } = phrase;
    return [
      el("h3", { text: phrase.text }),
      el("section", {}, [
        el("p.verdict.large.quiet", {}, [el("span", { text: map.source })]),
        el("p", { text: map.about || `Values over their largest magnitude: ${map.note}.` }),
        map.about ? null : el("p.hint", { text: "It says what moves the score of this phrase for the whole film, not where the finding is. The threshold is half of the largest value." }),
      ]),
      this.regions(phrase),
    ];
  }

  verdict({ map, assertion }) {
    const { words, tone, reason } = verdictOf(map, assertion);
    const share = gaugeOf(map);
    const reasons = map.controls.reasons.filter((text) => text !== reason);
    return el("section", {}, [
      el(`p.verdict.large.${tone}`, {}, [el("span", { text: words })]),
      el("p", { text: reason }),
      share === null ? null : bar("among normal films", share, `${Math.round(100 * share)} of 100 score lower`),
      ...reasons.map((text) => el("p.hint", { text })),
    ]);
  }

  /** Peak of this phrase among peaks of phrases about nothing, as dots on one line. */
  rank(map) {
    const nulls = (this.viewer.pane.head?.nullPeaks ?? []).map(([, peak]) => peak);
    if (!nulls.length) return null;
    const { peak } = map;
    const higher = nulls.filter((other) => peak.value > other).length;
    return el("section", {}, [
      el("h4", { text: "Does it stand out on this film?" }),
      dots(nulls, peak.value, this.viewer.state.threshold ?? map.threshold),
      el("p.hint", { text: `Its highest value, ${peak.value.toFixed(2)}, is higher than that of ${higher} of ${nulls.length} unrelated phrases on this film.` }),
    ]);
  }

  controls({ nonsense, negated, swapped, sensitivity }) {
    const rows = [["nonsense words", nonsense], ["negated", negated], ["other side", swapped]].filter(([, value]) => value !== null);
    return el("section", {}, [
      el("h4", { text: "Does it depend on the wording?" }),
      ...rows.map(([name, value]) => bar(`same map for ${name}`, Math.max(0, value), signed(value))),
      el("p.hint", {
        text: `Correlation with the map of changed words: near 1 the map would look the same whatever is said.${sensitivity === null ? "" : ` Depends on the wording: ${sensitivity.toFixed(2)} of 1.`}`,
      }),
    ]);
  }

  regions({ map }) {
    const { pane } = this.viewer;
    const threshold = this.viewer.state.threshold ?? map.threshold;
    const regions = map.regionsAt(threshold);
    const spacing = pane?.info?.spacing;
    const title = el("h4", { text: "Where is it?" });
    if (!regions.length) return el("section", {}, [title, el("p.hint", { text: `No part of the map reaches the threshold of ${threshold.toFixed(2)}.` })]);
    const head = ["Left, top", "Size, pixels", "Peak", "Area", ...(spacing ? ["Extent, cm"] : [])];
    const rows = regions.slice(0, 8).map(({ box: [x0, y0, x1, y1], peak, area }) => [
      `${Math.round(x0)}, ${Math.round(y0)}`,
      `${Math.round(x1 - x0)} \u00d7 ${Math.round(y1 - y0)}`,
      peak.toFixed(2),
      `${(100 * area).toFixed(1)} %`,
      ...(spacing ? [`${(((x1 - x0) * spacing.column) / 10).toFixed(1)} \u00d7 ${(((y1 - y0) * spacing.row) / 10).toFixed(1)}`] : []),
    ]);
    return el("section", {}, [
      title,
      el("table", {}, [
        el("thead", {}, [el("tr", {}, head.map((text) => el("th", { text, scope: "col" })))]),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((text) => el("td", { text }))))),
      ]),
      el("p.hint", { text: `Extent of the highlighted area above the threshold of ${threshold.toFixed(2)}, not of the finding.` }),
    ]);
  }

  /** Two ways to the same numbers, beside each other: what a word adds to the cosine, signed. */
  carrying(phrase, words) {
    return el("section.carrying", {}, [
      el("h4", { text: "Which words carry it?" }),
      ...Object.entries(WAYS).map(([way, about]) => this.way(phrase, way, about, words?.[way])),
    ]);
  }

  way(phrase, way, { name, hint }, found) {
    if (found?.why) return el("p.hint", { text: `${name}: ${found.why}` });
    if (found) {
      const most = Math.max(...found.words.map(([, value]) => Math.abs(value)), 1e-6);
      return el("div", {}, [
        el("h5", { text: name }),
        ...found.words.map(([word, value]) => signedBar(word, value / most, signed(value))),
        el("p.hint", { text: `${hint}${found.note ? ` ${capital(found.note)}.` : ""}` }),
      ]);
    }
    const asked = askedName(this.viewer.pane, way);
    const waiting = this.asked.has(asked);
    return el("button.plain", {
      type: "button", text: waiting ? `${name}: being computed` : name, title: hint, disabled: waiting,
      onclick: () => {
        this.asked.add(asked);
        this.viewer.post("words", { text: phrase.id, pane: this.viewer.pane.index, way });
        this.refresh();
      },
    });
  }
}

/** Names a phrase of a run of a pane whose words were asked for. */
function askedName(pane, way) {
  return pane?.phrase ? `${pane.head?.run} ${pane.index} ${pane.phrase.id} ${way}` : null;
}

function bar(name, share, text) {
  return el("div.bar-row", {}, [
    el("span.bar-name", { text: name }),
    el("span.track", { "aria-hidden": "true" }, [el("i", { style: { width: `${100 * Math.min(Math.max(share, 0), 1)}%` } })]),
    el("span.bar-value", { text }),
  ]);
}

/** A bar to the right of the middle for what is added, to the left for what is taken away. */
function signedBar(name, share, text) {
  const width = 50 * Math.min(Math.abs(share), 1);
  return el(`div.bar-row.${share < 0 ? "taken" : "added"}`, {}, [
    el("span.bar-name", { text: name }),
    el("span.track.signed", { "aria-hidden": "true" }, [el("i", { style: { width: `${width}%`, marginLeft: `${share < 0 ? 50 - width : 50}%` } })]),
    el("span.bar-value", { text }),
  ]);
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function dots(nulls, peak, threshold) {
  const at = (value) => `${100 * Math.min(Math.max(value, 0), 1)}%`;
  return el("div.dots", { "aria-hidden": "true" }, [
    ...nulls.map((value, index) => el("i.null", { style: { left: at(value), top: `${20 + (index % 4) * 18}%` } })),
    el("i.limit", { style: { left: at(threshold) } }),
    el("i.own", { style: { left: at(peak) } }),
  ]);
}

function signed(value) {
  return (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(2);
}
