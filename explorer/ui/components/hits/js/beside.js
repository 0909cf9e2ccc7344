// Two rankings side by side, and where the other one has each hit.

import { el } from "../../viewer/js/ui/dom.js";
import { makeCard } from "./card.js";

export function sideBySide({ hits, beside, kind }, offset, picture, more) {
  const { names, shared, alone, overlap, agreement } = beside;
  const things = kind === "film" || kind === "region" ? "films" : "studies";
  const left = alone[0] + alone[1];
  const said = [
    `Ranked among the ${shared.toLocaleString("en")} ${things} that both indices hold${left ? ` (${left} ${left === 1 ? "is" : "are"} in one alone and left out)` : ""}.`,
    `Of the first ten, ${Math.round(100 * overlap)} % are the same.`,
    agreement === null ? "" : `Rank correlation ${agreement.toFixed(2)}.`,
  ];
  const sides = [hits, beside.hits].map((found, side) =>
    el("section", { "aria-label": `Hits of ${names[side]}` }, [
      el("h3", { text: names[side] }),
      el("ol.list", { start: offset + 1 }, found.map((hit) => makeCard(hit, { ...more, address: picture(hit.picture), last: hit.film === more.at, moved: moved(hit, names[1 - side]) }))),
    ]),
  );
  return [el("p.soft.said-both", { text: said.join(" ") }), el("div.two", {}, sides)];
}

/** Where the other ranking has a hit, in words and as a direction. */
function moved({ other, change }, name) {
  if (other === null) return { text: `not ranked so far down by ${name}`, way: "gone" };
  if (change === 0) return { text: `same rank by ${name}`, way: "same" };
  return { text: `${change > 0 ? "\u25b2" : "\u25bc"} ${Math.abs(change)}, rank ${other} by ${name}`, way: change > 0 ? "up" : "down" };
}
