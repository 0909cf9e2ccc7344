// One card: what the report says, and one plain verdict on what each pane's model makes of it.

import { el, setText } from "./dom.js";
import { isChoosable, letterOf } from "./merged.js";
import { gaugeOf, verdictOf } from "./verdict.js";

const FROM = { typed: "asked", likeness: "prototype" };
const TAGS = { present: "present", absent: "absent", uncertain: "uncertain", normal: "normal" };

/** The map of every pane for a phrase; null where it has none. */
export function mapsOf({ map, each }) {
  return each ? each.map((phrase) => phrase?.map ?? null) : [map];
}

/** Build a card. @param {{choose: Function, forget: Function}} does */
export function makeCard(phrase, { choose, forget }) {
  const { map, kind, each } = phrase;
  const words = [el("span.text", { text: phrase.text })];
  const choosable = isChoosable(phrase);
  const button = choosable ? el("button.say", { type: "button", onclick: choose }, words) : null;
  const asked = kind !== "sentence";
  const remove = asked
    ? el("button.remove", { type: "button", "aria-label": `Remove ${phrase.text}`, title: "Remove this phrase", text: "\u00d7", onclick: forget })
    : null;
  const under = map ? mapsOf(phrase).map((_, index) => underCursor(each ? letterOf(index) : "")) : [];
  const node = el("li.card", {}, [
    button ?? el("div.say", {}, words),
    remove,
    el("div.meta", {}, [...tags(phrase), map && !each ? verdict(phrase) : null]),
    choosable && each ? el("div.panes", {}, each.map((own, index) => paneRow(own, index))) : null,
    ...under.map((row) => row.node),
  ]);
  node.style.setProperty("--key", phrase.color);
  node.classList.toggle("mute", !choosable);
  node.classList.toggle("typed", asked);
  /** Scores under the cursor, one a pane; null when there is no cursor. */
  const setHover = (scores) => under.forEach((row, index) => row.set(scores === null ? null : scores[index]));
  return { node, button, phrase, setHover };
}

function underCursor(letter) {
  const value = el("i.value");
  const number = el("span.number");
  const node = el("div.under-cursor", { "aria-hidden": "true" }, [letter ? el("span.letter", { text: letter }) : null, el("div.track", {}, [value]), number]);
  const set = (score) => {
    const known = score !== null && !Number.isNaN(score);
    node.classList.toggle("on", score !== null);
    value.style.transform = `scaleX(${known ? Math.max(score, 0) : 0})`;
    setText(number, known ? score.toFixed(2) : "\u2013");
  };
  return { node, set };
}

/** What one of several panes makes of the phrase. */
function paneRow(phrase, index) {
  const letter = el("span.letter", { text: letterOf(index) });
  if (!phrase?.map) return el("div.pane-row", {}, [letter, el("span.quiet", { text: phrase?.pending ? "when it is chosen" : phrase ? "no map" : "not there yet" })]);
  return el("div.pane-row", {}, [letter, el("span.number", scoreOf(phrase.map)), verdict(phrase)]);
}

/** The pooled score in two digits, marked where it says nothing of how likely the finding is. */
export function scoreOf({ pooled, calibrated }) {
  const known = typeof pooled === "number" && Number.isFinite(pooled);
  if (!known) return { text: "\u2013", title: "This source gives no score" };
  if (calibrated === false) return { text: `(${pooled.toFixed(2)})`, title: "Not calibrated: it says nothing of how likely the finding is" };
  return { text: pooled.toFixed(2), title: "Calibrated score of the phrase, 0 to 1" };
}

function tags(phrase) {
  const { kind, section, assertion, map } = phrase;
  const choosable = isChoosable(phrase);
  const from = FROM[kind] ?? section;
  const stated = TAGS[assertion];
  return [
    from ? el("span.tag", { text: from }) : null,
    stated && !(assertion === "present" && kind in FROM) ? el(`span.tag.${assertion}`, { text: stated }) : null,
    map || choosable ? null : el("span.tag", { text: "not about the image" }),
  ];
}

function verdict({ map, assertion }) {
  const { words, tone, reason } = verdictOf(map, assertion);
  const share = gaugeOf(map);
  const gauge = share === null ? null : el("span.track", { "aria-hidden": "true" }, [el("i", { style: { width: `${100 * share}%` } })]);
  return el(`span.verdict.${tone}`, { title: reason }, [gauge, el("span", { text: words })]);
}
