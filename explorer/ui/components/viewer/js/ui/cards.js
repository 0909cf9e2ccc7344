// The report panel: one card per sentence or phrase, ranked by value while the image is hovered.

import { reranked } from "../maths/rank.js";
import { makeCard, mapsOf } from "./card.js";
import { el, lessMotion, setAttribute, setText } from "./dom.js";

const RERANK_EVERY_MS = 180;
const MOVE_MS = 220;
const REST_AFTER_MS = 500; // a hand on its way from the film to a card finds the card where it was

export class Cards {
  constructor(viewer) {
    this.viewer = viewer;
    this.cards = [];
    this.order = [];
    this.hint = el("p.hint");
    this.sort = el("button.plain", { type: "button", text: "Sort by strength", "aria-pressed": "false", onclick: () => this.toggleSort() });
    this.list = el("ol.cards", { onpointerenter: () => this.reach(true), onpointerleave: () => this.reach(false) });
    this.head = el("div.card-head", {}, [this.hint, this.sort]);
    this.node = el("div.report-body", {}, [this.head, this.list]);
  }

  /** Report order, or how strongly each phrase stands out among reference films. */
  toggleSort() {
    this.sorted = !this.sorted;
    setAttribute(this.sort, "aria-pressed", this.sorted ? "true" : "false");
    setText(this.sort, this.sorted ? "Sort by report" : "Sort by strength");
    this.place(this.restingOrder());
  }

  restingOrder() {
    const order = this.cards.map((_, index) => index);
    if (!this.sorted) return order;
    const strength = ({ phrase: { map } }) => map?.standing?.logOdds ?? (map ? map.pooled - 2 : -Infinity);
    return order.sort((a, b) => strength(this.cards[b]) - strength(this.cards[a]) || a - b);
  }

  build(phrases) {
    const focused = this.focusedId();
    const { scrollTop } = this.list;
    const before = this.cards;
    const kept = new Map(before.map((card) => [card.phrase, card]));
    this.cards = phrases.map((phrase) => kept.get(phrase) ?? this.makeCard(phrase));
    const same = this.cards.length === before.length && this.cards.some((card) => before.includes(card));
    if (!this.ranked || !same) this.order = this.restingOrder();
    this.order.forEach((item, index) => (this.cards[item].node.style.order = index));
    this.putInList(this.cards.map((card) => card.node));
    this.list.scrollTop = scrollTop;
    if (focused !== null) this.cards.find((card) => card.phrase.id === focused)?.button?.focus();
    this.markShown();
  }

  /** Nodes that stay are not touched: a press that began on one ends on it. */
  putInList(nodes) {
    for (const node of [...this.list.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, index) => {
      const there = this.list.children[index] ?? null;
      if (there !== node) this.list.insertBefore(node, there);
    });
  }

  makeCard(phrase) {
    return makeCard(phrase, {
      choose: () => this.viewer.choosePhrase(phrase.id),
      forget: () => this.viewer.post("forget", { text: phrase.text }),
    });
  }

  focusedId() {
    const active = this.node.getRootNode().activeElement;
    return this.cards.find((card) => card.button && card.button === active)?.phrase.id ?? null;
  }

  refresh() {
    this.markShown();
    const { hover } = this.viewer.state;
    if (hover) this.showHover(hover);
    else if (this.hovering) this.endHover();
    const hint = this.hintWords(this.cards.length);
    setText(this.hint, hint);
    this.sort.hidden = this.cards.length < 2;
    this.head.hidden = !hint; // one card needs no words above it
  }

  hintWords(count) {
    if (count === 0) return this.viewer.waiting ? "The maps are not there yet." : "";
    if (count === 1) return "";
    if (this.hovering) return "Ranked by score under the cursor";
    return this.ranked ? "Ranked by score where the cursor was" : "Press a sentence to see its map; hover the film to rank them.";
  }

  markShown() {
    const { phraseId } = this.viewer.state;
    for (const { node, button, phrase } of this.cards) {
      const shown = phrase.id === phraseId;
      node.classList.toggle("shown", shown);
      if (button) setAttribute(button, "aria-pressed", shown ? "true" : "false");
    }
  }

  /** Bars follow every frame; places change now and then, and only for a clear lead. */
  showHover({ pane }) {
    clearTimeout(this.restTimer);
    if (!this.hovering) {
      this.hovering = true;
      if (!this.ranked) this.restingScroll = this.list.scrollTop;
      this.ranked = true;
      this.node.classList.add("ranking");
    }
    const panes = this.viewer.own;
    const points = panes.map((other) => this.viewer.pointOn(other) ?? [NaN, NaN]);
    const at = panes.indexOf(pane);
    this.hoverValues = this.cards.map((card) => {
      const values = mapsOf(card.phrase).map((map, index) => map?.valueAt("score", ...points[index]) ?? NaN);
      card.setHover(values);
      // Cards are ranked by the pane under the cursor.
      return values[at] ?? NaN;
    });
    this.rankTimer ??= setTimeout(() => this.rank(), RERANK_EVERY_MS);
  }

  rank() {
    this.rankTimer = null;
    if (!this.hovering || this.hoverValues.length !== this.order.length) return;
    this.place(reranked(this.order, this.hoverValues));
    this.list.scrollTop = 0;
  }

  endHover() {
    this.hovering = false;
    this.node.classList.remove("ranking");
    for (const card of this.cards) card.setHover(null);
    this.restSoon();
  }

  /** The pointer is over the cards, or left them: they keep still below it. */
  reach(over) {
    this.over = over;
    if (over) clearTimeout(this.restTimer);
    else if (this.ranked && !this.hovering) this.restSoon();
  }

  restSoon() {
    clearTimeout(this.restTimer);
    if (!this.over) this.restTimer = setTimeout(() => this.rest(), REST_AFTER_MS);
  }

  /** Back to the order that does not depend on the cursor. */
  rest() {
    this.ranked = false;
    this.place(this.restingOrder());
    this.list.scrollTop = this.restingScroll;
    this.refresh();
  }

  /** Put cards in an order with `order` (the reading order of the page stays) and let them glide. */
  place(order) {
    if (order.every((item, index) => item === this.order[index])) return;
    const before = this.cards.map(({ node }) => node.offsetTop);
    this.order = order;
    order.forEach((item, index) => (this.cards[item].node.style.order = index));
    if (lessMotion()) return;
    const after = this.cards.map(({ node }) => node.offsetTop);
    this.cards.forEach(({ node }, index) => {
      const shift = before[index] - after[index];
      if (!shift) return;
      node.animate([{ transform: `translateY(${shift}px)` }, { transform: "none" }], {
        duration: MOVE_MS,
        easing: "cubic-bezier(0.2, 0, 0, 1)",
      });
    });
  }

  /** Scroll the shown card into the panel, never the page. */
  reveal() {
    const card = this.cards.find(({ phrase }) => phrase.id === this.viewer.state.phraseId);
    if (!card) return;
    const { offsetTop, offsetHeight } = card.node;
    const top = offsetTop;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    else if (top + offsetHeight > scrollTop + clientHeight) this.list.scrollTop = top + offsetHeight - clientHeight;
  }
}
