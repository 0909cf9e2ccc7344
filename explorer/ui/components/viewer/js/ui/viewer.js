// The viewer: its state, what can be done to it, and one repaint a frame at most.

import { toImage } from "../maths/view.js";
import { BoxList } from "./boxes.js";
import { Cards } from "./cards.js";
import { Controls } from "./controls.js";
import { Corners } from "./corners.js";
import { el, setText } from "./dom.js";
import { doubtOf, thresholdOf } from "./doubt.js";
import { cancelGesture, endGesture, moveGesture, startGesture } from "./gestures.js";
import { listenToKeys } from "./keys.js";
import { LinkedPanes } from "./linked.js";
import { readPhrases } from "./maps.js";
import { Measures } from "./measures.js";
import { Memory } from "./memory.js";
import { Pane } from "./pane.js";
import { listenToPointer } from "./pointer.js";
import { KeySheet } from "./sheet.js";
import { Toolbar } from "./toolbar.js";
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
  };
}

export class Viewer extends LinkedPanes {
  constructor(root) {
    super();
    this.root = root;
    this.state = firstState();
    this.memory = new Memory(this);
    this.measures = new Measures(this);
    this.boxes = new BoxList(this);
    this.sheet = new KeySheet();
    this.toolbar = new Toolbar(this);
    this.controls = new Controls(this);
    this.cards = new Cards(this);
    this.corners = new Corners(this);
    this.words = new Words(this);
    this.stage = el("div.stage");
    this.status = el("div.status", { role: "status", "aria-live": "polite" });
    const main = el("div.main", {}, [
      this.toolbar.node, this.stage, this.controls.node, this.boxes.node, this.words.node, this.status,
    ]);
    root.replaceChildren(el("div.body", {}, [main, this.cards.node]), this.sheet.node);
    listenToKeys(root, this);
  }

  close() {
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

  // --- what Python sends ---------------------------------------------------------------------

  takeRadiographs(message) {
    const { panes, height } = message.body;
    this.root.style.setProperty("--viewer-height", `${height}px`);
    const ids = panes.map((info) => info.id).join(" ");
    while (this.panes.length > panes.length) this.panes.pop().remove();
    while (this.panes.length < panes.length) this.addPane();
    for (const pane of this.panes) pane.resized = true;
    this.stage.dataset.panes = panes.length;
    if (ids !== this.imageIds) {
      this.imageIds = ids;
      Object.assign(this.state, { hover: null, lens: null, draft: null, active: 0 });
    }
    panes.forEach((info, index) =>
      this.panes[index].takeRadiograph(info, message).catch(() => this.panes[index].failed()),
    );
    if (this.maps) this.spreadMaps();
    this.schedule();
  }

  addPane() {
    const pane = new Pane(this, this.panes.length);
    this.panes.push(pane);
    this.stage.append(pane.node);
    listenToPointer(pane.marks, pane, this);
    pane.marks.addEventListener("focus", () => (this.state.active = pane.index));
  }

  takeMaps(message) {
    this.sendChoice = message.body.sendChoice;
    this.maps = message.body.panes.map((pane) => ({
      ...pane,
      phrases: readPhrases(pane.phrases, message.floats),
    }));
    this.spreadMaps();
    const { shown } = message.body;
    const known = (id) => this.maps[0].phrases.some((phrase) => phrase.id === id && phrase.map);
    const asked = shown !== this.lastShown && known(shown);
    const report = this.maps[0].phrases.map(({ id, text }) => (id.startsWith("s") ? text : "")).join("");
    const isNew = report !== this.report; // a new report starts at its own first sentence
    Object.assign(this, { lastShown: shown, report });
    if (asked) {
      this.showPhrase(shown);
      if (this.sendChoice) this.send("phrase", shown); // or Python keeps an older choice
    } else if (isNew || !known(this.state.phraseId)) this.showPhrase(this.maps[0].phrases.find((p) => p.map)?.id ?? null);
    else this.showPhrase(this.state.phraseId);
    this.cards.build(this.maps[0].phrases);
    if (asked) this.cards.reveal();
  }

  spreadMaps() {
    this.panes.forEach((pane, index) => {
      const { title = "", frame = null, phrases = [], reference = [] } = this.maps[index] ?? {};
      Object.assign(pane, { title, frame, phrases, reference });
      pane.touch("map", "tint");
    });
  }

  // --- repainting ----------------------------------------------------------------------------

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    const start = performance.now();
    for (const pane of this.panes) pane.paint();
    for (const part of [this.corners, this.toolbar, this.controls, this.boxes, this.words, this.cards]) part.refresh();
    this.draws = (this.draws ?? 0) + 1;
    this.publish(performance.now() - start);
  }

  /** Figures for tests and benchmarks, readable from outside. */
  publish(frameMs) {
    const { state } = this;
    for (const pane of this.panes) {
      const published = {
        ready: pane.copies ? "1" : "0",
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
    return this.panes[this.state.active] ?? this.panes[0];
  }

  /** Everything back to how it was opened; what was drawn stays. */
  reset() {
    this.resetView();
    this.resetWindows();
    this.set(firstLook(), "map", "tint");
    this.say("View, window and controls restored");
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
  }

  /** A person chose a phrase. */
  choosePhrase(phraseId) {
    if (phraseId === this.state.phraseId) return;
    this.showPhrase(phraseId);
    if (this.sendChoice) this.send("phrase", phraseId);
  }

  stepPhrase(step) {
    const shown = (this.maps?.[0].phrases ?? []).filter((phrase) => phrase.map);
    if (!shown.length) return;
    const at = shown.findIndex((phrase) => phrase.id === this.state.phraseId);
    this.choosePhrase(shown[(at + step + shown.length) % shown.length].id);
    this.cards.reveal();
  }

  // --- pointer and keyboard on the image -------------------------------------------------------------

  hoverAt(pane, sx, sy) {
    if (!pane.view) return;
    const [x, y] = toImage(pane.view, pane.size, sx, sy);
    this.state.active = pane.index;
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
    this.state.active = pane.index;
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
