// The hits element: a header with paging, and a card for every hit.

import { Outbox } from "../../js/outbox.js";
import { readMessage } from "../../viewer/js/maths/message.js";
import { el } from "../../viewer/js/ui/dom.js";
import { sideBySide } from "./beside.js";
import { counted, makeCard } from "./card.js";

const boxes = new WeakMap();

export default function start({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".hits");
  if (!boxes.has(root)) boxes.set(root, { outbox: new Outbox(), addresses: [] });
  const state = boxes.get(root);
  state.outbox.set = setStateValue;
  const { body, blob } = readMessage(data);
  const arriving = !state.body;
  const changed = arriving || unjudged(body) !== unjudged(state.body);
  const other = arriving || named(body) !== named(state.body);
  state.body = body;
  // A judgement stands on its button already: nothing is drawn anew below the hand.
  if (!changed) return undefined;
  for (const address of state.addresses) URL.revokeObjectURL(address);
  state.addresses = [];
  const picture = (index) => {
    const address = URL.createObjectURL(new Blob([blob(index)], { type: "image/webp" }));
    state.addresses.push(address);
    return address;
  };
  const post = (kind, values) => state.outbox.post(kind, values);
  const query = body.queryFilm === null ? null : { address: picture(body.queryFilm), shape: body.queryShape };
  root.replaceChildren(
    header(body, post),
    ...body.notes.map((text) => el("p.note", { text })),
    ...listed(body, picture, { query, post, at: body.at, total: body.total, filtered: Boolean(body.where) }),
    ...(body.total > body.page ? [el("footer", {}, steps(body, post))] : []),
  );
  // Back from the page on which a hit was opened: at that hit again.
  if (arriving && body.at) root.querySelector(".hit.last")?.scrollIntoView({ block: "center" });
  // What was just asked for is read from the first hit on; on a phone that lies below the form.
  else if (body.fresh && other) root.firstElementChild.scrollIntoView({ block: "start" });
  return () => {
    for (const address of state.addresses) URL.revokeObjectURL(address);
  };
}

/** Everything that is drawn, without what the person said of it. */
function unjudged(body) {
  return JSON.stringify(body, (key, value) => (key === "judged" || key === "fresh" ? undefined : value));
}

/** Which hits these are. */
function named({ hits, offset, kind }) {
  return JSON.stringify([kind, offset, hits.map(({ film, region }) => [film, region])]);
}

function listed(body, picture, more) {
  if (!body.hits.length) return nothing(body.where, more.post);
  if (body.beside) return sideBySide(body, body.offset, picture, more);
  const cards = body.hits.map((hit) => makeCard(hit, { ...more, address: picture(hit.picture), last: hit.film === more.at }));
  return [el("ol.list", { start: body.offset + 1 }, cards)];
}

function nothing(where, post) {
  if (!where) return [el("p.none", { text: "Nothing in the index fits this search. Ask for less." })];
  return [
    el("p.none", { text: `No film of the index passes the filter \u201c${where}\u201d.` }),
    el("p.none.way-on", {}, [el("button.plain", { type: "button", text: "Search without the filter", onclick: () => post("unfiltered", {}) })]),
  ];
}

function steps({ total, offset, page }, post) {
  const step = (text, way, disabled) => el("button.plain", { type: "button", text, disabled, onclick: () => post("page", { step: way }) });
  return [step("Previous", -1, offset === 0), step("Next", 1, offset + page >= total)];
}

function header(body, post) {
  const { total, seconds, page, link, asked } = body;
  return el("header", {}, [
    el("strong", { text: counted(body) }),
    el("span.asked", { text: asked }),
    el("span.soft", { text: `ranked in ${(1000 * seconds).toFixed(0)} ms` }),
    el("span.space"),
    link ? copyButton(link) : null,
    total > page ? el("span.pair", {}, steps(body, post)) : null,
  ]);
}

function copyButton({ q, where, rank }) {
  const button = el("button.plain", { type: "button", text: "Copy link", title: "An address of this search; it holds your words" });
  button.onclick = async () => {
    const address = new URL(location.href);
    address.search = new URLSearchParams({ q, ...(where ? { where } : {}), ...(rank === "image" ? {} : { rank }) }).toString();
    try {
      await navigator.clipboard.writeText(address.href);
      button.textContent = "Copied";
    } catch {
      button.replaceWith(el("span.soft", { text: address.href })); // no clipboard on this connection
    }
  };
  return button;
}
