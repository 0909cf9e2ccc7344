// The hits element: a header with paging, and a card for every hit.

import { Outbox } from "../../js/outbox.js";
import { readMessage } from "../../viewer/js/maths/message.js";
import { el } from "../../viewer/js/ui/dom.js";
import { sideBySide } from "./beside.js";
import { makeCard } from "./card.js";

const boxes = new WeakMap();

export default function start({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".hits");
  if (!boxes.has(root)) boxes.set(root, { outbox: new Outbox(), addresses: [] });
  const state = boxes.get(root);
  state.outbox.set = setStateValue;
  const arriving = !state.bytes;
  if (state.bytes && state.bytes.length === data.length && state.bytes.every((byte, at) => byte === data[at])) return undefined;
  state.bytes = data;
  for (const address of state.addresses) URL.revokeObjectURL(address);
  state.addresses = [];
  const { body, blob } = readMessage(data);
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
    ...listed(body, picture, { query, post, at: body.at }),
  );
  // Back from the page on which a hit was opened: at that hit again.
  if (arriving && body.at) root.querySelector(".hit.last")?.scrollIntoView({ block: "center" });
  return () => {
    for (const address of state.addresses) URL.revokeObjectURL(address);
  };
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

function header({ total, seconds, offset, page, hits, link, kind }, post) {
  const what = { text: "studies", film: "films", report: "reports", region: "regions" }[kind];
  const shown = hits.length ? `${offset + 1} to ${offset + hits.length} of ${total.toLocaleString("en")} ${what}` : `0 of ${total} ${what}`;
  const step = (text, way, disabled) => el("button.plain", { type: "button", text, disabled, onclick: () => post("page", { step: way }) });
  return el("header", {}, [
    el("strong", { text: shown }),
    el("span.soft", { text: `ranked in ${(1000 * seconds).toFixed(0)} ms` }),
    el("span.space"),
    link ? copyButton(link) : null,
    step("Previous", -1, offset === 0),
    step("Next", 1, offset + page >= total),
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
