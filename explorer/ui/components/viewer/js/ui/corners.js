// Text in the corners of a pane, side markers and the colour bar.

import { gradient } from "../maths/colour.js";
import { sidesShown } from "../maths/view.js";
import { asPlainWindow, formatValue } from "../maths/window.js";
import { el, setText } from "./dom.js";
import { RANGES } from "./maps.js";

export class Corners {
  constructor(viewer) {
    this.viewer = viewer;
  }

  refresh() {
    for (const pane of this.viewer.panes) {
      if (!pane.info || !pane.view) continue;
      this.describe(pane);
      this.sides(pane);
      this.readout(pane);
      this.colourBar(pane);
    }
  }

  describe(pane) {
    const { info, view, window, corners } = pane;
    const what = info.view === "unknown" ? "view not stated" : info.view;
    const reduced = info.reduction > 1 ? `, shown at 1/${info.reduction}` : "";
    setText(corners.title, `${pane.title ? `${pane.title}\n` : ""}${what}  ${info.width} \u00d7 ${info.height}${reduced}`);
    const plain = asPlainWindow(window);
    const name = pane.preset >= 0 ? pane.presets[pane.preset].name : "set by hand";
    const center = formatValue(plain.center, pane.range);
    setText(corners.window, `C ${center}  W ${formatValue(plain.width, pane.range)}\n${name}${pane.inverted ? ", inverted" : ""}`);
    setText(corners.zoom, `Zoom ${Math.round(view.scale * 100)} %`);
  }

  /** R and L stand where the patient's sides are; a question mark when the file does not say. */
  sides(pane) {
    const shown = sidesShown(pane.view, pane.info.laterality);
    for (const [place, side] of Object.entries(shown)) {
      const node = pane.corners[place];
      setText(node, side);
      const named = { R: "Patient's right", L: "Patient's left", "?": "The file does not say which side this is" };
      node.title = named[side] ?? "";
    }
  }

  readout(pane) {
    const { hover } = this.viewer.state;
    if (!hover) return setText(pane.corners.readout, "");
    const { x, y } = hover;
    const value = pane.valueAt(x, y);
    if (Number.isNaN(value)) return setText(pane.corners.readout, "");
    const lines = [`x ${Math.floor(x)}  y ${Math.floor(y)}`, `value ${formatValue(value, pane.range)}`];
    if (pane.map) lines.push(...this.mapValues(pane.map, x, y));
    return setText(pane.corners.readout, lines.join("\n"));
  }

  mapValues(map, x, y) {
    const cosine = map.valueAt("cosine", x, y);
    if (Number.isNaN(cosine)) return ["not seen by the model"];
    return [`cosine ${signed(cosine)}`, `score ${map.valueAt("score", x, y).toFixed(3)}`];
  }

  /** A vertical bar with the quantity, its ends and the threshold; hidden with the overlay. */
  colourBar(pane) {
    const { state } = this.viewer;
    pane.bar ??= makeBar(pane);
    const { bar } = pane;
    bar.node.hidden = !pane.map || !state.overlay || state.hidden;
    if (bar.node.hidden) return;
    const name = state.quantity === "cosine" ? "RdBu_r" : state.colours;
    if (bar.name !== name) {
      bar.name = name;
      bar.ramp.style.backgroundImage = gradient(name);
      const [low, high] = RANGES[state.quantity];
      setText(bar.title, state.quantity === "cosine" ? "cosine" : "score");
      [high, (low + high) / 2, low].forEach((value, index) => setText(bar.ticks[index], signed(value, 1).replace("+", "")));
    }
    const [low, high] = RANGES[state.quantity];
    const cut = pane.map.cutFor(state.quantity, state.threshold ?? pane.map.threshold);
    const share = Math.min(Math.max((cut - low) / (high - low), 0), 1);
    bar.cut.style.bottom = `${100 * share}%`;
  }
}

function makeBar(pane) {
  const cut = el("i.cut", { title: "threshold" });
  const ramp = el("div.ramp", {}, [cut]);
  const ticks = [el("span"), el("span"), el("span")];
  const title = el("div.bar-title");
  const node = el("div.colour-bar", { "aria-hidden": "true" }, [title, el("div.bar-body", {}, [ramp, el("div.ticks", {}, ticks)])]);
  pane.node.append(node);
  return { node, ramp, ticks, title, cut };
}

function signed(value, digits = 3) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 ? "\u2212" : "+") + text;
}

