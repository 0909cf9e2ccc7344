// One pane: a radiograph with its overlay and marks, a gutter for the colour bar, text at the edges.

import { tintTable } from "../maths/colour.js";
import { inflate, pyramid, unfoldLevels } from "../maths/pixels.js";
import { firstView, fitted, isFitted } from "../maths/view.js";
import { greyTable, presets } from "../maths/window.js";
import { sharedImage } from "../registry.js";
import { ColourBar } from "./colour_bar.js";
import { el } from "./dom.js";
import { isDrawn, thresholdOf } from "./doubt.js";
import { drawMarks } from "./marks.js";
import { PaneBar } from "./pane_bar.js";
import { Picture } from "./picture.js";
import { Strip } from "./strip.js";
import { Trouble } from "./trouble.js";

const MOST_PIXEL_RATIO = 2;
const CORNERS = ["title", "readout", "window", "zoom", "left", "right", "top", "bottom", "scale-bar", "busy"];

export class Pane {
  constructor(viewer, index) {
    this.viewer = viewer;
    this.index = index;
    this.size = { width: 1, height: 1 };
    this.resized = true;
    this.dirty = { view: true, map: true, grey: true, tint: true };
    this.title = "";
    this.phrases = [];
    this.reference = [];
    this.frame = null;
    this.image = el("canvas.image", { role: "img" });
    // An application takes single keys, which screen readers keep for themselves elsewhere.
    this.marks = el("canvas.marks", { tabindex: "0", role: "application", "aria-roledescription": "radiograph viewer" });
    this.corners = Object.fromEntries(CORNERS.map((name) => [name, el(`div.corner.${name}`)]));
    this.strip = new Strip(this);
    this.trouble = new Trouble(this);
    this.cursor = el("div.cursor", { hidden: true, "aria-hidden": "true" });
    this.film = el("div.film", {}, [this.image, this.marks, this.cursor, ...Object.values(this.corners), this.strip.node, this.trouble.node]);
    this.bar = new ColourBar(this);
    this.setupBar = new PaneBar(this);
    this.node = el("div.pane", {}, [this.setupBar.node, el("div.mount", {}, [this.film, this.bar.node])]);
    this.corners.busy.textContent = "Loading the radiograph";
    this.observer = new ResizeObserver(() => {
      this.resized = true;
      viewer.schedule();
    });
    this.observer.observe(this.film);
  }

  remove() {
    this.observer.disconnect();
    this.node.remove();
  }

  /** Take the results that belong to this film, or null: then nothing is drawn on it. */
  take(found) {
    const { head = null, phrases = [], words = new Map() } = found ?? {};
    const { title = "", frame = null, reference = [] } = head ?? {};
    // One pane names its checkpoint in the panel; several name theirs on the film.
    const named = this.viewer.own.length > 1 ? title : "";
    const known = this.info ? this.viewer.truth.on(this.info.id) : [];
    Object.assign(this, { head, title: named, frame, phrases, words, reference: [...reference, ...known] });
    this.trouble.refresh(head, this.viewer.setup, this.phrase);
    this.touch("map", "tint");
  }

  /** Take a radiograph's description; decoding happens beside, `ready` says when it is done. */
  async takeRadiograph(info, message) {
    const same = this.info?.id === info.id;
    if (this.info?.study !== info.study) this.take(null);
    if (same) {
      this.info = info;
      return;
    }
    this.info = info;
    this.copies = null;
    this.corners.busy.hidden = false;
    this.corners.busy.textContent = "Loading the radiograph";
    const windows = info.windows.map((window) =>
      window.kind === "table" ? { ...window, values: message.floats(window.values) } : window,
    );
    this.presets = presets(windows, info.percentiles);
    this.range = Math.max(info.percentiles["100"] - info.percentiles["0"], 1e-3);
    this.view = null;
    this.atFit = true;
    Object.assign(this, { window: this.presets[0], preset: 0, inverted: info.inverted });
    this.viewer.memory?.applyTo(this);
    const copies = await sharedImage(info.id, async () => {
      const planes = await inflate(message.blob(info.levels));
      return pyramid(unfoldLevels(planes, info.sentHeight, info.sentWidth), info.sentWidth, info.sentHeight);
    });
    if (this.info.id !== info.id) return;
    this.copies = copies;
    this.corners.busy.hidden = true;
    this.touch("view", "grey", "map", "tint");
  }

  failed() {
    this.corners.busy.hidden = false;
    this.corners.busy.textContent = "The radiograph could not be unpacked in this browser. Reload the page.";
  }

  touch(...parts) {
    for (const part of parts) this.dirty[part] = true;
    this.viewer.schedule();
  }

  get phrase() {
    return this.phrases.find((phrase) => phrase.id === this.viewer.state.phraseId) ?? null;
  }

  get map() {
    return this.phrase?.map ?? null;
  }

  /** The stored level at an image pixel as modality value; NaN outside. */
  valueAt(x, y) {
    const { width, height, reduction, slope, intercept } = this.info;
    if (!this.copies || !(x >= 0 && y >= 0 && x < width && y < height)) return NaN;
    const full = this.copies[0];
    const level = full.levels[Math.floor(y / reduction) * full.width + Math.floor(x / reduction)];
    return level * slope + intercept;
  }

  /** Follow the size of the element; asked for only after a resize, since asking costs a layout. */
  fitToElement() {
    const ratio = Math.min(globalThis.devicePixelRatio || 1, MOST_PIXEL_RATIO);
    if (!this.resized && ratio === this.ratio) return;
    this.resized = false;
    const { clientWidth: width, clientHeight: height } = this.film;
    const columns = Math.max(1, Math.round(width * ratio));
    const rows = Math.max(1, Math.round(height * ratio));
    if (this.columns === columns && this.rows === rows && this.ratio === ratio) return;
    Object.assign(this, { columns, rows, ratio, size: { width, height } });
    for (const canvas of [this.image, this.marks]) Object.assign(canvas, { width: columns, height: rows });
    this.picture = new Picture(columns, rows, ratio);
    // A pane that grew would show the film smaller than it fits.
    if (this.view && (this.atFit || isFitted(this.view, this.size, this.info))) {
      this.view = fitted(this.view, this.size, this.info);
    }
    this.touch("view");
  }

  /** Bring the canvases up to date. */
  paint() {
    this.fitToElement();
    if (!this.copies) return;
    this.view ??= firstView(this.size, this.info);
    // Boxes, ruler and lines have a canvas of their own: the picture below them stays.
    if (Object.values(this.dirty).includes(true)) this.paintPicture();
    drawMarks(this);
  }

  paintPicture() {
    const { dirty, picture } = this;
    const overlay = isDrawn(this) && this.viewer.state.opacity > 0;
    if (dirty.grey) this.grey = greyTable(this.window, { ...this.info, inverted: this.inverted });
    if (dirty.view) picture.resample(this.view, this.copies, this.info);
    if (dirty.view || dirty.map) this.indicesStale = true;
    if (overlay && this.indicesStale) {
      picture.resampleMap(this.map);
      this.indicesStale = false;
    }
    if (dirty.tint || dirty.map || !this.tint) this.tint = this.makeTint();
    picture.paint(this.image, this.grey, this.tint, overlay);
    this.dirty = { view: false, map: false, grey: false, tint: false };
  }

  makeTint() {
    const { map } = this;
    const { quantity, colours, opacity, cut } = this.viewer.state;
    if (!map) return tintTable({ map: colours, low: 0, high: 1, cut: 2, opacity });
    const [low, high] = map.rangeOf(quantity);
    if (map.source && low < 0) return signedTint(map, opacity);
    return tintTable({
      map: map.coloursOf(quantity, colours),
      low: map.low,
      high: map.high,
      cut: cut[quantity] ? map.cutFor("cosine", thresholdOf(this)) : map.low,
      opacity,
      place: (cosine) => (map.shownValue(quantity, cosine) - low) / (high - low),
    });
  }
}

/** An attribution has a sign: both ends are drawn, and nothing where it adds next to nothing. */
function signedTint(map, opacity) {
  const place = (value) => (value + 1) / 2;
  return tintTable({ map: "RdBu_r", low: map.low, high: map.high, cut: map.low, gap: [-0.06, 0.06], opacity, place });
}
