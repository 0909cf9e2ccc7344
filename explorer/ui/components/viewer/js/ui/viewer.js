// The viewer: its state, what can be done to it, and one repaint a frame at most.

import { fitted, flipped, panned, toImage, turned, zoomedAt } from "../maths/view.js";
import { BoxList } from "./boxes.js";
import { Cards } from "./cards.js";
import { Controls } from "./controls.js";
import { Corners } from "./corners.js";
import { el, setText } from "./dom.js";
import { cancelGesture, endGesture, moveGesture, startGesture } from "./gestures.js";
import { listenToKeys } from "./keys.js";
import { readPhrases } from "./maps.js";
import { Pane } from "./pane.js";
import { listenToPointer } from "./pointer.js";
import { KeySheet } from "./sheet.js";
import { Toolbar } from "./toolbar.js";
import { Words } from "./words_line.js";

function firstState() {
  return {
    tool: "window",
    hidden: false, // while `o` is held
    overlay: true,
    contours: true,
    regions: true,
    quantity: "score",
    colours: "magma",
    opacity: 0.5,
    threshold: null, // null = the shown phrase's own
    cut: { score: true, cosine: false }, // show the overlay above the threshold only
    step: "auto",
    phraseId: null,
    active: 0, // pane whose numbers the controls show
    hover: null, // { pane, x, y } in image pixels
    draft: null, // box being drawn
    rulers: [],
  };
}

export class Viewer {
  constructor(root) {
    this.root = root;
    this.state = firstState();
    this.panes = [];
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
    this.observer = new ResizeObserver(() => {
      for (const pane of this.panes) pane.resized = true;
      this.schedule();
    });
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  // --- what Python sends ---------------------------------------------------------------------

  takeRadiographs(message) {
    const { panes, height } = message.body;
    this.root.style.setProperty("--viewer-height", `${height}px`);
    const ids = panes.map((info) => info.id).join(" ");
    while (this.panes.length > panes.length) this.panes.pop().node.remove();
    while (this.panes.length < panes.length) this.addPane();
    for (const pane of this.panes) pane.resized = true;
    this.stage.dataset.panes = panes.length;
    if (ids !== this.imageIds) {
      this.imageIds = ids;
      Object.assign(this.state, { rulers: [], hover: null, active: 0 });
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
    const pane = this.panes[state.active] ?? this.panes[0];
    if (!pane) return;
    Object.assign(pane.marks.dataset, {
      ready: pane.copies ? "1" : "0",
      frameMs: frameMs.toFixed(2),
      draws: this.draws,
      zoom: pane.view ? pane.view.scale.toFixed(4) : "",
      window: pane.window ? `${pane.window.center} ${pane.window.width}` : "",
      phrase: state.phraseId ?? "",
      opacity: state.opacity,
      threshold: state.threshold ?? pane.map?.threshold ?? "",
      quantity: state.quantity,
      tool: state.tool,
      hidden: state.hidden ? "1" : "0",
    });
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

  // --- view and window: linked over all panes ----------------------------------------------------

  fittedView(pane) {
    return fitted(pane.view, pane.size, pane.info);
  }

  /** Apply a change of view to every pane that is ready. */
  eachView(change, atFit = false) {
    for (const pane of this.panes) {
      if (!pane.copies || !pane.view) continue;
      pane.view = change(pane.view, pane);
      pane.atFit = atFit;
      pane.touch("view");
    }
  }

  panBy(source, dx, dy) {
    this.eachView((view, pane) => {
      const share = pane === source ? 1 : view.scale / source.view.scale;
      return panned(view, pane.info, dx * share, dy * share);
    });
  }

  zoomAt(source, x, y, factor) {
    this.eachView((view, pane) => {
      const sx = (x / source.size.width) * pane.size.width;
      const sy = (y / source.size.height) * pane.size.height;
      return zoomedAt(view, pane.size, pane.info, sx, sy, factor);
    });
  }

  zoomBy(factor) {
    const { pane } = this;
    this.zoomAt(pane, pane.size.width / 2, pane.size.height / 2, factor);
  }

  fit() {
    this.eachView((view, pane) => fitted(view, pane.size, pane.info), true);
  }

  turn(quarters) {
    this.eachView((view, pane) => fitted(turned(view, quarters), pane.size, pane.info), true);
  }

  flip(axis) {
    this.eachView((view) => flipped(view, axis));
  }

  /** The window moves on all panes of the same radiograph. */
  setWindow(source, window, preset = -1) {
    for (const pane of this.panes) {
      if (pane.info?.id !== source.info.id) continue;
      pane.window = window;
      pane.preset = preset;
      pane.touch("grey");
    }
  }

  setPreset(index) {
    const { pane } = this;
    const preset = pane.presets?.[index];
    if (!preset) return;
    this.setWindow(pane, preset, index);
    this.say(`Window: ${preset.name}`);
  }

  invert() {
    for (const pane of this.panes) {
      pane.inverted = !pane.inverted;
      pane.touch("grey");
    }
    this.say(this.pane.inverted ? "Inverted" : "Not inverted");
  }

  reset() {
    this.eachView((view, pane) => fitted({ ...view, turns: 0, mirrored: false }, pane.size, pane.info), true);
    for (const pane of this.panes) {
      pane.inverted = pane.info.inverted;
      this.setWindow(pane, pane.presets[0], 0);
    }
    this.say("View and window restored");
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
    const now = this.state.threshold ?? this.pane.map?.threshold ?? 0.5;
    const threshold = Math.round(Math.min(Math.max(now + step, 0), 1) * 100) / 100;
    this.set({ threshold }, "tint");
    this.say(`Threshold ${threshold.toFixed(2)}`);
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
    this.scheduleReadout();
  }

  leave() {
    this.state.hover = null;
    this.scheduleReadout();
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
    this.set({ draft: null, rulers: [] });
  }

  // --- boxes and ruler ---------------------------------------------------------------------------------

  draftBox(pane, box) {
    this.set({ draft: { pane: pane.index, box } });
  }

  addBox(pane, box) {
    this.boxes.add(pane, box);
  }

  addMiddleBox() {
    if (this.state.tool === "box" && this.pane.view) this.boxes.addMiddle(this.pane);
  }

  deleteNewest() {
    if (this.state.rulers.length) this.set({ rulers: [] });
    else this.boxes.deleteNewest();
  }

  boxesChanged() {
    this.set({});
  }

  boxesOf(pane) {
    return this.boxes.shownOn(pane);
  }

  rulersOf(pane) {
    return this.state.rulers.filter((ruler) => ruler.pane === pane.index);
  }
}
