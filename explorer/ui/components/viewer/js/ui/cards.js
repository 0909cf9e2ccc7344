// The report panel: one card per sentence or phrase, ranked by value while the image is hovered.

import { reranked } from "../maths/rank.js";
import { makeCard, mapsOf } from "./card.js";
import { el, lessMotion, setAttribute, setText } from "./dom.js";

const RERANK_EVERY_MS = 180;
const MOVE_MS = 220;

export class Cards {
  constructor(viewer) {
    this.viewer = viewer;
    this.cards = [];
    this.order = [];
    this.hint = el("p.hint");
    this.sort = el("button.plain", { type: "button", text: "Sort by strength", "aria-pressed": "false", onclick: () => this.toggleSort() });
    this.list = el("ol.cards");
    this.node = el("div.report-body", {}, [el("div.card-head", {}, [this.hint, this.sort]), this.list]);
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
    const kept = new Map(this.cards.map((card) => [card.phrase, card]));
    this.cards = phrases.map((phrase) => kept.get(phrase) ?? this.makeCard(phrase));
    this.order = this.cards.map((_, index) => index);
    for (const card of this.cards) card.node.style.order = "";
    this.list.replaceChildren(...this.cards.map((card) => card.node));
    this.list.scrollTop = scrollTop;
    if (focused !== null) this.cards.find((card) => card.phrase.id === focused)?.button?.focus();
    this.place(this.restingOrder());
    this.markShown();
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
    const count = this.cards.length;
    const resting = count > 1 ? "Press a sentence to see its map; hover the film to rank them." : "";
    const empty = this.viewer.waiting ? "The maps are not there yet." : "";
    setText(this.hint, count === 0 ? empty : hover ? "Ranked by score under the cursor" : resting);
    this.sort.hidden = count < 2;
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
    if (!this.hovering) {
      this.hovering = true;
      this.restingScroll = this.list.scrollTop;
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
    this.place(this.restingOrder());
    this.list.scrollTop = this.restingScroll;
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
