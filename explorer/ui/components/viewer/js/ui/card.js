// One card: what the report says, how the map scores, and how far to trust it.

import { el, setText } from "./dom.js";

const TAGS = { present: "present", absent: "stated absent", uncertain: "uncertain", "not about the image": "not about the image" };
const ABSENT_NOTE = "Stated absent: the map shows where the model looks, not a finding.";

/** Build a card; `choose` runs when it is clicked. A sentence without a map is not clickable. */
export function makeCard(phrase, choose) {
  const { map } = phrase;
  const value = el("i.value");
  const bar = el("div.under-cursor", { "aria-hidden": "true" }, [el("div.track", {}, [value]), el("span.number")]);
  const words = [el("span.text", { text: phrase.text })];
  const button = map ? el("button.say", { type: "button", onclick: choose }, words) : null;
  const node = el("li.card", {}, [
    button ?? el("div.say", {}, words),
    el("div.meta", {}, [...tags(phrase), map ? el("span.score", { title: scoreTitle(map), text: `score ${map.pooled.toFixed(2)}` }) : null]),
    map ? trust(map.controls) : null,
    map && phrase.assertion === "absent" ? el("p.note", { text: ABSENT_NOTE }) : null,
    map ? bar : null,
  ]);
  node.style.setProperty("--key", phrase.color);
  node.classList.toggle("mute", !map);
  const setHover = (score) => {
    const known = score !== null && !Number.isNaN(score);
    bar.classList.toggle("on", score !== null);
    value.style.transform = `scaleX(${known ? score : 0})`;
    setText(bar.lastChild, known ? score.toFixed(2) : "\u2013");
  };
  return { node, button, phrase, setHover };
}

function tags({ kind, section, assertion }) {
  const from = kind === "typed" ? "typed" : section;
  return [
    from ? el("span.tag", { text: from }) : null,
    assertion === "present" && kind === "typed" ? null : el(`span.tag.${assertion.split(" ")[0]}`, { text: TAGS[assertion] }),
  ];
}

function scoreTitle(map) {
  return `Calibrated score of the phrase for the whole image, 0 to 1. Regions: score above ${map.threshold.toFixed(2)} (${map.rule}).`;
}

/** Sensitivity gauge and, where the map should not be read as a location, the reasons. */
function trust(controls) {
  const { sensitivity, abstain, reasons } = controls;
  const gauge =
    sensitivity === null
      ? null
      : el("span.gauge", { title: correlations(controls), role: "img", "aria-label": `Phrase sensitivity ${sensitivity.toFixed(2)}. ${correlations(controls)}` }, [
          el("span", { text: "sensitivity" }),
          el("span.track", {}, [el("i", { style: { width: `${100 * Math.min(Math.max(sensitivity, 0), 1)}%` } })]),
          el("span", { text: sensitivity.toFixed(2) }),
        ]);
  const badge = abstain
    ? el("details.abstain", {}, [
        el("summary", { text: "Do not read as a location" }),
        el("ul", {}, reasons.map((text) => el("li", { text }))),
      ])
    : null;
  return el("div.trust", {}, [gauge, badge]);
}

/** The correlations behind the gauge, as one sentence. */
function correlations({ nonsense, negated, swapped, nullZ }) {
  const part = (value, name) => (value === null ? null : `${name} ${value.toFixed(2).replace("-", "\u2212")}`);
  const shown = [part(nonsense, "nonsense"), part(negated, "negated"), part(swapped, "side-swapped")].filter(Boolean);
  const peak = nullZ === null ? "" : ` Peak against null phrases: ${nullZ.toFixed(1).replace("-", "\u2212")} standard deviations.`;
  return `1 = the map depends on the phrase. Correlation with the map of the phrase made ${shown.join(", ")}.${peak}`;
}
