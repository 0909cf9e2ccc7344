// The viewer: its state, what can be done to it, and one repaint a frame at most.

import { toImage } from "../maths/view.js";
import { BoxList } from "./boxes.js";
import { Outbox } from "../../../js/outbox.js";
import { onOpening, opening } from "../../../js/tab.js";
import { Cards } from "./cards.js";
import { Comparison } from "./comparison.js";
import { Controls } from "./controls.js";
import { Corners } from "./corners.js";
import { Desk } from "./desk.js";
import { Details } from "./details.js";
import { el, setText } from "./dom.js";
import { doubtOf, thresholdOf } from "./doubt.js";
import { cancelGesture, endGesture, moveGesture, startGesture } from "./gestures.js";
import { listenToKeys } from "./keys.js";
import { isChoosable } from "./merged.js";
import { Measures } from "./measures.js";
import { Memory } from "./memory.js";
import { Panel } from "./panel.js";
import { Received } from "./received.js";
import { KeySheet } from "./sheet.js";
import { Toolbar } from "./toolbar.js";
import { Truth } from "./truth.js";
import { Words } from "./words_line.js";

/** What one key brings back. */
function firstLook() {
  return {
    tool: "window",
    overlay: true,
    contours: true,
    regions: true,
    quantity: "score",
    colours: "magma",
    opacity: 0.5,
    threshold: null, // null = the shown phrase's own
    cut: { score: true, cosine: false }, // show the overlay above the threshold only
    step: "0.25",
    anyway: null, // id of the phrase that is shown although its badge is raised
  };
}

function firstState() {
  return {
    ...firstLook(),
    hidden: false, // while `o` is held
    phraseId: null,
    active: 0, // pane whose numbers the controls show
    hover: null, // { pane, x, y } in image pixels
    lens: null, // the same, while the magnifier is held
    draft: null, // { image, box }: box being drawn
    difference: null, // { pair: [index, index], quantity } of a pane that subtracts two others
  };
}

const KEEP_AFTER_MS = 400;

export class Viewer extends Received {
  constructor(root) {
    super();
    this.root = root;
    this.outbox = new Outbox();
    this.state = firstState();
    this.memory = new Memory(this);
    this.measures = new Measures(this);
    this.keep = null; // given the look now and then, to last beyond this element
    this.desk = new Desk(this);
    this.boxes = new BoxList(this);
    this.sheet = new KeySheet();
    this.toolbar = new Toolbar(this);
    this.controls = new Controls(this);
    this.truth = new Truth(this);
    this.comparison = new Comparison(this);
    this.cards = new Cards(this);
    this.details = new Details(this);
    this.corners = new Corners(this);
    this.wordsLine = new Words(this);
    this.panel = new Panel(this, { report: [this.cards.node], compare: [this.comparison.node], details: [this.details.node], display: [this.controls.node] });
    this.stage = el("div.stage");
    this.status = el("div.status", { role: "status", "aria-live": "polite" });
    const film = el("div.film-row", {}, [this.desk.strip, el("div.stage-box", {}, [this.stage, this.desk.cover])]);
    const main = el("div.main", {}, [this.toolbar.node, film, el("div.below", {}, [this.wordsLine.node, this.controls.quick]), this.status]);
    root.replaceChildren(this.desk.notice, el("div.body", {}, [main, this.panel.node]), this.sheet.node);
    listenToKeys(root, this);
    this.stopListening = onOpening(() => this.schedule());
  }

  close() {
    clearTimeout(this.keeping);
    this.keep?.(this.snapshot());
    this.stopListening();
    for (const pane of this.panes) pane.remove();
    cancelAnimationFrame(this.frame);
  }

  /** Window, view, controls, boxes and measures as plain JSON; `restore` takes it back. */
  snapshot() {
    return this.memory.snapshot();
  }

  restore(json) {
    return this.memory.restore(json);
  }

  /** Ask Python for something. */
  post(kind, values) {
    this.outbox.post(kind, values);
  }

  /** Python hears of finished boxes only on pages that search with them. */
  send(kind, values) {
    const heard = Boolean(this.desk.desk?.tells?.includes(kind));
    if (heard) this.post(kind, { values });
    return heard;
  }

  /** Take up a tool for a page that needs it, and put it back afterwards; null = none. */
  lendTool(tool) {
    if (tool === (this.lent?.tool ?? null)) return;
    const { before, tool: lent } = this.lent ?? {};
    this.lent = tool && { tool, before: this.state.tool };
    if (tool) this.set({ tool });
    else if (this.state.tool === lent) this.set({ tool: before });
  }

  // --- repainting ----------------------------------------------------------------------------

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  get parts() {
    return [this.desk, this.corners, this.toolbar, this.controls, this.boxes, this.wordsLine, this.cards, this.details, this.comparison, this.panel];
  }

  paint() {
    const start = performance.now();
    for (const pane of this.panes) pane.paint();
    for (const part of this.parts) part.refresh();
    this.draws = (this.draws ?? 0) + 1;
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keep?.(this.snapshot()), KEEP_AFTER_MS);
    this.publish(performance.now() - start);
  }

  /** Figures for tests and benchmarks, readable from outside. */
  publish(frameMs) {
    const { state } = this;
    for (const pane of this.panes) {
      const published = {
        ready: pane.copies && !opening() && !this.leaving ? "1" : "0",
        study: pane.info?.study ?? "",
        film: pane.info?.id ?? "",
        mapStudy: pane.head?.study ?? "",
        run: pane.head?.run ?? "",
        frameMs: frameMs.toFixed(2),
        draws: this.draws,
        zoom: pane.view ? pane.view.scale.toFixed(4) : "",
        window: pane.window ? `${pane.window.center} ${pane.window.width}` : "",
        inverted: pane.inverted ? "1" : "0",
        phrase: state.phraseId ?? "",
        opacity: state.opacity,
        threshold: thresholdOf(pane) ?? "",
        quantity: state.quantity,
        tool: state.tool,
        hidden: state.hidden ? "1" : "0",
        doubt: doubtOf(pane),
      };
      Object.assign(pane.marks.dataset, published);
    }
  }

  say(text) {
    setText(this.status, text);
  }

  /** Change state and repaint; `parts` are what the panes must compute again. */
  set(change, ...parts) {
    Object.assign(this.state, change);
    for (const pane of this.panes) pane.touch(...parts);
    this.schedule();
  }

  get pane() {
    return this.own[this.state.active] ?? this.panes[0];
  }

  /** Everything back to how it was opened; what was drawn stays. */
  reset() {
    this.resetView();
    this.resetWindows();
    this.set(firstLook(), "map", "tint");
    this.say("View, window and controls restored");
  }

  /** Show the difference of a pair of panes, or none. */
  showDifference(pair, quantity = this.state.difference?.quantity ?? this.commonQuantity(pair)) {
    this.state.difference = pair && { pair, quantity };
    if (pair) this.addDifference();
    else this.dropDifference();
    this.set({}, "view", "map", "tint");
    this.say(pair ? "Difference shown" : "Difference closed");
  }

  /** Scores where both panes are calibrated, else ranks: other numbers have no common scale. */
  commonQuantity(pair) {
    const maps = (pair ?? []).map((index) => this.own[index]?.map);
    return maps.every((map) => map && map.mapCalibrated !== false) ? "score" : "rank";
  }

  toggleDifference() {
    if (this.own.length > 1) this.showDifference(this.state.difference ? null : [0, 1]);
  }

  // --- overlay and phrases -------------------------------------------------------------------------

  setTool(tool) {
    this.set({ tool });
    this.say(`Tool: ${tool}`);
  }

  toggle(name) {
    this.set({ [name]: !this.state[name] }, "tint");
    this.say(`${name} ${this.state[name] ? "on" : "off"}`);
  }

  hold(hidden) {
    if (this.state.hidden !== hidden) this.set({ hidden }, "tint");
  }

  stepThreshold(step) {
    const now = thresholdOf(this.pane) ?? 0.5;
    const threshold = Math.round(Math.min(Math.max(now + step, 0), 1) * 100) / 100;
    this.set({ threshold }, "tint");
    this.say(`Threshold ${threshold.toFixed(2)}`);
  }

  /** Draw a map although its badge is raised, or hide it again. */
  toggleAnyway() {
    const { phraseId, anyway } = this.state;
    if (this.panes.every((pane) => doubtOf(pane) === "none")) return;
    this.set({ anyway: anyway === phraseId ? null : phraseId }, "map", "tint");
    this.say(this.state.anyway ? "Shown anyway" : "Hidden again");
  }

  /** Show a phrase without telling anyone. */
  showPhrase(phraseId) {
    this.set({ phraseId }, "map", "tint");
    for (const pane of this.own) pane.trouble.refresh(pane.head, this.setup, pane.phrase);
    this.askSources();
  }

  /** A person chose a phrase. */
  choosePhrase(phraseId) {
    this.keepChoice(this.head?.study ?? null, phraseId);
    if (phraseId !== this.state.phraseId) this.showPhrase(phraseId);
  }

  stepPhrase(step) {
    const shown = this.phrases.filter(isChoosable);
    if (!shown.length) return;
    const at = shown.findIndex((phrase) => phrase.id === this.state.phraseId);
    this.choosePhrase(shown[(at + step + shown.length) % shown.length].id);
    this.cards.reveal();
  }

  // --- pointer and keyboard on the image -------------------------------------------------------------

  hoverAt(pane, sx, sy) {
    if (!pane.view) return;
    const [x, y] = toImage(pane.view, pane.size, sx, sy);
    if (!pane.isDifference) this.state.active = pane.index;
    this.state.hover = { pane, x, y };
    if (this.state.lens) this.set({ lens: { pane, x, y } });
    this.scheduleReadout();
  }

  leave() {
    this.state.hover = null;
    if (this.state.lens) this.hideLens();
    this.scheduleReadout();
  }

  /** The magnifier at a screen point of a pane, or where the pointer is. */
  showLens(pane, [sx, sy]) {
    const [x, y] = toImage(pane.view, pane.size, sx, sy);
    this.set({ lens: { pane, x, y } });
  }

  lensAtPointer() {
    if (this.state.hover && !this.state.lens) this.set({ lens: this.state.hover });
  }

  hideLens() {
    if (this.state.lens) this.set({ lens: null });
  }

  /** The cursor changes read-outs and cards only; pixels stay. */
  scheduleReadout() {
    if (this.frame || this.readoutFrame) return;
    this.readoutFrame = requestAnimationFrame(() => {
      this.readoutFrame = null;
      const start = performance.now();
      this.corners.refresh();
      this.cards.refresh();
      this.pane.marks.dataset.hoverMs = (performance.now() - start).toFixed(2);
    });
  }

  arrow(dx, dy, shift) {
    const { pane } = this;
    if (!pane.view) return;
    const { tool } = this.state;
    if (tool === "box" && this.boxes.nudge(dx, dy, shift)) return;
    if (tool === "window" && !shift) {
      const gesture = startGesture(this, pane, "window", [0, 0]);
      moveGesture(this, gesture, [dx * 8, dy * 8]);
    } else {
      this.panBy(pane, -dx * 40, -dy * 40);
    }
  }

  startGesture(pane, tool, from) {
    if (!pane.isDifference) this.state.active = pane.index;
    return startGesture(this, pane, tool, from);
  }

  moveGesture(gesture, point) {
    moveGesture(this, gesture, point);
  }

  endGesture(gesture) {
    endGesture(this, gesture);
  }

  cancelGesture(gesture) {
    cancelGesture(this, gesture);
  }

  cancel() {
    const half = this.measures.unfinished(this.pane);
    if (half) this.measures.remove(half);
    this.set({ draft: null, lens: null });
  }

  // --- boxes and measures ------------------------------------------------------------------------------

  draftBox(pane, box) {
    this.set({ draft: { image: pane.info.id, box } });
  }

  addBox(pane, box) {
    this.boxes.add(pane, box);
  }

  addMiddleBox() {
    if (this.state.tool === "box" && this.pane.view) this.boxes.addMiddle(this.pane);
  }

  deleteNewest() {
    const orders = [this.boxes, this.measures].map(({ current }) => current.at(-1)?.order ?? 0);
    if (orders[1] > orders[0]) this.measures.deleteNewest();
    else this.boxes.deleteNewest();
  }

  deleteAllDrawn() {
    this.measures.deleteAll();
    this.boxes.deleteAll();
  }

  boxesChanged() {
    this.set({});
  }

  boxesOf(pane) {
    return this.boxes.shownOn(pane);
  }
}
