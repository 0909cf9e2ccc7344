// Text at the edges of a pane: corners, side markers, read-out, scale bar.

import { scaleBar } from "../maths/ruler.js";
import { sidesShown, toScreen } from "../maths/view.js";
import { asPlainWindow, formatValue } from "../maths/window.js";
import { el, setText } from "./dom.js";

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
      this.scale(pane);
      pane.bar.refresh();
      if (pane.isDifference) pane.refreshBar();
      else pane.setupBar.refresh();
      pane.strip.refresh();
    }
  }

  describe(pane) {
    const { info, view, window, corners } = pane;
    const what = info.view === "unknown" ? "view not stated" : info.view;
    const reduced = info.reduction > 1 ? `, shown at 1/${info.reduction}` : "";
    const source = pane.map?.source ? `\n${pane.map.source}: ${pane.map.note}` : "";
    // The bar above a pane names its checkpoint already.
    const title = this.viewer.setup || pane.isDifference ? "" : pane.title;
    setText(corners.title, `${title ? `${title}\n` : ""}${what}  ${info.width} \u00d7 ${info.height}${reduced}${source}`);
    const plain = asPlainWindow(window);
    const name = pane.preset >= 0 ? pane.presets[pane.preset].name : "set by hand";
    const center = formatValue(plain.center, pane.range);
    setText(corners.window, `C ${center}  W ${formatValue(plain.width, pane.range)}\n${name}${pane.inverted ? ", inverted" : ""}`);
    setText(corners.zoom, `Zoom ${Math.round(view.scale * pane.ratio * 100)} %`);
  }

  /** A bar of a round length with the source of its unit, or in pixels when the file states none. */
  scale(pane) {
    const { info, view, size } = pane;
    pane.scaleBar ??= makeScaleBar(pane.corners["scale-bar"]);
    const sideways = view.turns % 2 === 1;
    const mm = info.spacing ? (sideways ? info.spacing.row : info.spacing.column) : null;
    const made = `${view.scale} ${mm} ${size.width}`;
    if (pane.scaleBar.made === made) return;
    pane.scaleBar.made = made;
    const { length, text } = scaleBar(view.scale, mm, Math.min(160, size.width * 0.3));
    pane.scaleBar.line.style.width = `${length}px`;
    setText(pane.scaleBar.text, text);
    const source = info.spacing?.source ?? "no spacing in the file";
    setText(pane.scaleBar.source, source.split(",")[0]);
    pane.corners["scale-bar"].title = source;
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

  /** Numbers under the cursor, on every pane in pixels of its own film. */
  readout(pane) {
    const point = this.viewer.pointOn(pane);
    this.cursor(pane, point);
    if (!point) return setText(pane.corners.readout, "");
    const [x, y] = point;
    const value = pane.valueAt(x, y);
    if (Number.isNaN(value)) return setText(pane.corners.readout, "");
    const lines = [`x ${Math.floor(x)}  y ${Math.floor(y)}`, `value ${formatValue(value, pane.range)}`];
    if (pane.map && pane.isDifference) lines.push(...pane.valuesAt(x, y));
    else if (pane.map) lines.push(...this.mapValues(pane.map, x, y));
    return setText(pane.corners.readout, lines.join("\n"));
  }

  /** A cross where the pointer is on another pane. */
  cursor(pane, point) {
    const elsewhere = point !== null && this.viewer.state.hover.pane !== pane;
    pane.cursor.hidden = !elsewhere;
    if (!elsewhere) return;
    const [x, y] = toScreen(pane.view, pane.size, ...point);
    pane.cursor.style.transform = `translate(${x}px, ${y}px)`;
  }

  mapValues(map, x, y) {
    const cosine = map.valueAt("cosine", x, y);
    if (Number.isNaN(cosine)) return ["not seen by the model"];
    if (map.source) return [`${map.source} ${signed(cosine)}`];
    const mark = map.mapCalibrated === false ? "*" : "";
    return [`cosine ${signed(cosine)}`, `score${mark} ${map.valueAt("score", x, y).toFixed(3)}`];
  }
}

function makeScaleBar(node) {
  const [line, text, source] = [el("i.line"), el("span.length"), el("span.source")];
  node.append(line, text, source);
  return { line, text, source };
}

function signed(value, digits = 3) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 ? "\u2212" : "+") + text;
}

