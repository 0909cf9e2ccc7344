// One card: what the report says, and one plain verdict on what the model makes of it.

import { el, setText } from "./dom.js";
import { gaugeOf, verdictOf } from "./verdict.js";

const TAGS = { present: "present", absent: "absent", uncertain: "uncertain", normal: "normal" };

/** Build a card. @param {{choose: Function, forget: Function}} does */
export function makeCard(phrase, { choose, forget }) {
  const { map, kind } = phrase;
  const value = el("i.value");
  const under = el("div.under-cursor", { "aria-hidden": "true" }, [el("div.track", {}, [value]), el("span.number")]);
  const words = [el("span.text", { text: phrase.text })];
  const button = map ? el("button.say", { type: "button", onclick: choose }, words) : null;
  const remove = kind === "typed"
    ? el("button.remove", { type: "button", "aria-label": `Remove ${phrase.text}`, title: "Remove this phrase", text: "\u00d7", onclick: forget })
    : null;
  const node = el("li.card", {}, [
    button ?? el("div.say", {}, words),
    remove,
    el("div.meta", {}, [...tags(phrase), map ? verdict(phrase) : null]),
    map ? under : null,
  ]);
  node.style.setProperty("--key", phrase.color);
  node.classList.toggle("mute", !map);
  node.classList.toggle("typed", kind === "typed");
  const setHover = (score) => {
    const known = score !== null && !Number.isNaN(score);
    under.classList.toggle("on", score !== null);
    value.style.transform = `scaleX(${known ? score : 0})`;
    setText(under.lastChild, known ? score.toFixed(2) : "\u2013");
  };
  return { node, button, phrase, setHover };
}

function tags({ kind, section, assertion, map }) {
  const from = kind === "typed" ? "asked" : section;
  const stated = TAGS[assertion];
  return [
    from ? el("span.tag", { text: from }) : null,
    stated && !(assertion === "present" && kind === "typed") ? el(`span.tag.${assertion}`, { text: stated }) : null,
    map ? null : el("span.tag", { text: "not about the image" }),
  ];
}

function verdict({ map, assertion }) {
  const { words, tone, reason } = verdictOf(map, assertion);
  const share = gaugeOf(map);
  const gauge = share === null ? null : el("span.track", { "aria-hidden": "true" }, [el("i", { style: { width: `${100 * share}%` } })]);
  return el(`span.verdict.${tone}`, { title: reason }, [gauge, el("span", { text: words })]);
}
