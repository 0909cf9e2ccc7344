// One hit: its film with the matching regions, and why it was found.

import { el, setAttribute } from "../../viewer/js/ui/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST_PARTS = 5; // that a card shows before more is asked for
const DENIES = /\b(no|not|nor|neither|none|without|absent|absence|negative|free|clear|normal|unremarkable|intact|resolved)\b/i;
const COLOURS = ["#00d0ff", "#ffb000", "#7ee081", "#ff8ad8", "#c9a7ff", "#ffe66b"];

export function makeCard(hit, { address, query, post, last, moved, total, filtered }) {
  const most = Math.max(...hit.parts.map(({ gain }) => Math.abs(gain)), 1e-6);
  const colours = coloursOf(hit.parts);
  const film = figure(address, hit.shape, hit.parts.map(({ boxes }) => boxes.slice(0, 3)), `Film ${hit.rank}`, colours);
  const asked = query && hit.parts.some(({ queryBox }) => queryBox)
    ? figure(query.address, query.shape, hit.parts.map(({ queryBox }) => (queryBox ? [queryBox] : [])), "Your film", colours)
    : null;
  const parts = hit.parts.map((part, index) => {
    const row = reason(part, colours[index], most);
    row.onpointerenter = row.onfocus = () => mark([film, asked], index);
    row.onpointerleave = row.onblur = () => mark([film, asked], null);
    return row;
  });
  const first = strongest(hit.parts);
  return el(last ? "li.hit.last" : "li.hit", {}, [
    el("div.films", {}, [film, asked]),
    el("div.why", {}, [
      el("div.line", {}, [
        el("strong", { text: `${hit.rank}` }),
        moved ? el(`span.moved.${moved.way}`, { text: moved.text }) : null,
        ...hit.facts.map((text) => el("span.tag", { text })),
      ]),
      el("div.line", {}, [
        el("span.soft", { text: strength(hit.percentile, total, filtered), title: `Score ${hit.score.toFixed(2)}: the sum of the parts below` }),
      ]),
      el("ul.parts", {}, parts.filter((_, index) => first.has(index))),
      first.size < parts.length ? further(parts.filter((_, index) => !first.has(index)), hit.parts.filter((_, index) => !first.has(index))) : null,
    ]),
    buttons(hit, post),
  ]);
}

const RANKED = { text: ["study", "studies"], film: ["film", "films"], report: ["report", "reports"], region: ["region", "regions"] };

/** Which of what was ranked stand below: "1 to 24 of 198 studies". */
export function counted({ kind, total, offset, hits }) {
  const [one, many] = RANKED[kind];
  if (!hits.length) return `No ${many}`;
  if (total === 1) return `1 ${one}`;
  return `${offset + 1} to ${offset + hits.length} of ${total.toLocaleString("en")} ${many}`;
}

/** A colour for every part that has boxes, in their order; none where there is nothing to find on a film. */
export function coloursOf(parts) {
  let next = 0;
  return parts.map(({ boxes, queryBox }) => (boxes.length || queryBox ? COLOURS[next++ % COLOURS.length] : "transparent"));
}

/** Places of the parts that decide most; a card with one part too many shows it. */
export function strongest(parts) {
  const places = parts.map((_, index) => index);
  if (parts.length <= MOST_PARTS + 1) return new Set(places);
  return new Set(places.sort((a, b) => Math.abs(parts[b].gain) - Math.abs(parts[a].gain)).slice(0, MOST_PARTS));
}

/** The parts that matter least, folded, with what they give together. */
function further(rows, parts) {
  const sum = parts.reduce((total, { gain }) => total + gain, 0);
  return el("details.further", {}, [el("summary", { text: `${parts.length} more, together ${signed(sum)}` }), el("ul.parts", {}, rows)]);
}

function signed(value) {
  const text = Math.abs(value).toFixed(2);
  return `${value < 0 && text !== "0.00" ? "\u2212" : "+"}${text}`;
}

/**
 * How a hit stands among all that were ranked: of few in their number, of many in a hundred,
 * rounded down, so that no hit is said to be stronger than all hundred, itself among them.
 */
export function strength(percentile, total, filtered) {
  const others = total - 1;
  const among = !filtered ? "in the index" : others < 2 ? "that passes the filter" : "that pass the filter";
  if (others < 1) return `the only one ${among}`;
  if (others < 100) return `stronger than ${Math.floor(percentile * others + 1e-6)} of ${others} ${others === 1 ? "other" : "others"} ${among}`;
  return `stronger than ${Math.min(Math.floor(100 * percentile + 1e-9), 99)} of 100 ${among}`;
}

/** A film with boxes, one group a part of the score. */
function figure(address, [height, width], groups, label, colours) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("aria-hidden", "true");
  groups.forEach((boxes, index) => {
    const group = document.createElementNS(SVG, "g");
    group.dataset.part = index;
    for (const [x0, y0, x1, y1] of boxes) {
      for (const [stroke, wide] of [["#000a", 5], [colours[index], 2.5]]) {
        const box = document.createElementNS(SVG, "rect");
        for (const [name, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0, fill: "none", stroke, "stroke-width": wide, "vector-effect": "non-scaling-stroke" })) box.setAttribute(name, value);
        group.append(box);
      }
    }
    svg.append(group);
  });
  const node = el("figure", { style: { aspectRatio: `${width} / ${height}` } }, [el("img", { src: address, alt: `${label}, ${width} by ${height} pixels`, loading: "lazy" }), svg]);
  return node;
}

function mark(figures, index) {
  for (const node of figures) {
    for (const group of node?.querySelectorAll("g") ?? []) {
      group.style.opacity = index === null || group.dataset.part === String(index) ? 1 : 0.15;
    }
  }
}

/** What one statement, region or film of the query gave to the score. */
function reason({ text, absent, gain, sentence }, colour, most) {
  const { named, quoted } = wordsOf(text, absent, sentence);
  return el("li.part", { tabindex: "0" }, [
    el("i.key", { style: { background: colour } }),
    el("span.said", {}, [el("span", { text: named }), quoted ? el("q", { text: quoted }) : null]),
    el("span.track", { "aria-hidden": "true" }, [el(`i.${gain < 0 ? "against" : "for"}`, { style: { width: `${(100 * Math.abs(gain)) / most}%` } })]),
    el("span.gain", { text: signed(gain) }),
  ]);
}

/** What a part is called, and the sentence it stands in where that says more. */
export function wordsOf(text, absent, sentence) {
  const named = text || "the whole film";
  const bare = (words) => words.toLowerCase().replace(/[\s.,;:]+/g, " ").trim();
  const whole = Boolean(sentence) && bare(sentence) === bare(named);
  const denied = absent && !whole && !DENIES.test(named);
  return { named: denied ? `without ${named}` : named, quoted: whole ? "" : sentence };
}

function buttons(hit, post) {
  const judge = ["right", "wrong"].map((verdict) =>
    el("button.plain", { type: "button", text: verdict === "right" ? "Right" : "Wrong", "aria-label": `Hit ${hit.rank} is ${verdict}`, "aria-pressed": hit.judged === verdict ? "true" : "false" }),
  );
  judge.forEach((button, index) => (button.onclick = () => {
    const verdict = button.getAttribute("aria-pressed") === "true" ? null : ["right", "wrong"][index];
    judge.forEach((each, at) => setAttribute(each, "aria-pressed", verdict === ["right", "wrong"][at] ? "true" : "false"));
    post("judge", { film: hit.film, text: verdict });
  }));
  return el("div.line.does", {}, [
    el("button.plain", { type: "button", text: "Open in Ground", "aria-label": `Open hit ${hit.rank} in Ground`, onclick: () => post("open", { film: hit.film }) }),
    el("button.plain", { type: "button", text: "Add to Compare", "aria-label": `Show hit ${hit.rank} beside the film on screen in Compare`, onclick: () => post("compare", { film: hit.film }) }),
    el("button.plain", { type: "button", text: "More like this", "aria-label": `Films like hit ${hit.rank}`, onclick: () => post("like", { film: hit.film }) }),
    el("span.space"),
    el("span.pair", {}, judge),
  ]);
}
