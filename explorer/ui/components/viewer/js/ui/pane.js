// One pane: a radiograph with its overlay, painted at screen resolution from 16-bit levels.
//
// Three steps, each done only when its input changed: resample levels and map to the screen
// (view), build two look-up tables (window; overlay), paint grey and tint in one pass.

import { paint, tintTable } from "../maths/colour.js";
import { gridX, gridY, sampleGrid } from "../maths/frame.js";
import { axisTable, inflate, pyramid, pyramidLevel, resampleLevels, unfoldLevels } from "../maths/pixels.js";
import { firstView, orientation } from "../maths/view.js";
import { greyTable, presets } from "../maths/window.js";
import { sharedImage } from "../registry.js";
import { el } from "./dom.js";
import { RANGES } from "./maps.js";
import { drawMarks } from "./marks.js";

const MOST_PIXEL_RATIO = 2;

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
    this.corners = Object.fromEntries(
      ["title", "readout", "window", "zoom", "left", "right", "top", "bottom", "busy"].map((name) => [
        name,
        el(`div.corner.${name}`),
      ]),
    );
    this.node = el("div.pane", {}, [this.image, this.marks, ...Object.values(this.corners)]);
    this.corners.busy.textContent = "Loading the radiograph";
  }

  /** Take a radiograph's description; decoding happens beside, `ready` says when it is done. */
  async takeRadiograph(info, message) {
    if (this.info?.id === info.id) {
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
    this.window = this.presets[0];
    this.preset = 0;
    this.inverted = info.inverted;
    this.view = null;
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
    const { clientWidth: width, clientHeight: height } = this.node;
    const columns = Math.max(1, Math.round(width * ratio));
    const rows = Math.max(1, Math.round(height * ratio));
    if (this.columns === columns && this.rows === rows && this.ratio === ratio) return;
    Object.assign(this, { columns, rows, ratio, size: { width, height } });
    for (const canvas of [this.image, this.marks]) Object.assign(canvas, { width: columns, height: rows });
    this.pixels = new ImageData(columns, rows);
    this.out = new Uint32Array(this.pixels.data.buffer);
    this.levels = new Uint16Array(columns * rows);
    this.indices = new Uint16Array(columns * rows);
    if (this.view && this.atFit) this.view = this.viewer.fittedView(this);
    this.touch("view");
  }

  /** Bring the canvases up to date. */
  paint() {
    this.fitToElement();
    if (!this.copies) return;
    this.view ??= firstView(this.size, this.info);
    const { state } = this.viewer;
    const { dirty } = this;
    // Boxes, ruler and lines have a canvas of their own: the picture below them stays.
    if (Object.values(dirty).includes(true)) this.paintPicture(state, dirty);
    drawMarks(this);
  }

  paintPicture(state, dirty) {
    const overlay = state.overlay && !state.hidden && this.map !== null && state.opacity > 0;
    if (dirty.grey) this.grey = greyTable(this.window, { ...this.info, inverted: this.inverted });
    if (dirty.view) this.resample();
    if (overlay && (dirty.view || dirty.map || this.indicesStale)) this.resampleMap(state.quantity);
    if (!overlay && (dirty.view || dirty.map)) this.indicesStale = true;
    if (dirty.tint || dirty.map || !this.tint) this.tint = this.makeTint(state);
    paint(this.out, this.levels, this.grey, overlay ? this.indices : null, this.tint, this.columns, this.inside);
    this.image.getContext("2d").putImageData(this.pixels, 0, 0);
    this.dirty = { view: false, map: false, grey: false, tint: false };
  }

  /** Screen axis tables and the 16-bit levels under every screen pixel. */
  resample() {
    const { info, view, copies } = this;
    const level = pyramidLevel((view.scale * this.ratio) * info.reduction, copies.length);
    const copy = copies[level];
    const step = info.reduction * 2 ** level;
    const { across, down } = this.positions();
    const along = (axis) =>
      axis.image === "x" ? [info.width, copy.width, step, 1] : [info.height, copy.height, step, copy.width];
    const columns = axisTable(this.columns, across.position, ...along(across));
    const rows = axisTable(this.rows, down.position, ...along(down));
    this.out.fill(0xff000000);
    this.inside = [columns.first, rows.first, columns.last, rows.last];
    resampleLevels(copy.levels, columns, rows, this.columns, this.levels);
  }

  /** Which image coordinate each screen axis follows, and its value at screen pixel i. */
  positions() {
    const { view, ratio } = this;
    const [a, b, c, d] = orientation(view);
    const scale = view.scale * ratio;
    const line = (length, alongX, alongY) => {
      const image = alongX !== 0 ? "x" : "y";
      const sign = alongX || alongY;
      return { image, position: (i) => view[image] + (sign * (i + 0.5 - length / 2)) / scale };
    };
    return { across: line(this.columns, a, b), down: line(this.rows, c, d) };
  }

  /** Overlay index of every screen pixel inside the image. */
  resampleMap(quantity) {
    const { map, indices, inside } = this;
    const { frame } = map;
    const grid = map.grid(quantity);
    const [low, high] = RANGES[quantity];
    const factor = 65534 / (high - low);
    const across = this.gridAxis(this.positions().across, this.columns, frame, true);
    const down = this.gridAxis(this.positions().down, this.rows, frame, false);
    const { near, far, share, cells, stride } = across;
    const line = new Float64Array(cells);
    const [x0, y0, x1, y1] = inside;
    for (let row = y0; row < y1; row++) {
      const start = row * this.columns;
      // 0 stands for "not seen".
      indices.fill(0, start + x0, start + x1);
      if (row < down.first || row >= down.last) continue;
      // One row of cells at this height, already as overlay index; half is added for rounding.
      for (let c = 0; c < cells; c++) {
        const above = grid[down.near[row] + c * stride];
        const below = grid[down.far[row] + c * stride];
        line[c] = 1.5 + (above + (below - above) * down.share[row] - low) * factor;
      }
      for (let i = Math.max(x0, across.first); i < Math.min(x1, across.last); i++) {
        const left = line[near[i]];
        indices[start + i] = left + (line[far[i]] - left) * share[i];
      }
    }
    this.indicesStale = false;
  }

  /** Cells and weights of every pixel of a screen axis; `counted` gives cells, not memory offsets. */
  gridAxis({ image, position }, length, frame, counted) {
    const place = image === "x" ? gridX : gridY;
    const cells = image === "x" ? frame.gridColumns : frame.gridRows;
    const stride = image === "x" ? 1 : frame.gridColumns;
    const table = axisTable(length, (i) => place(frame, position(i)), cells, cells, 1, counted ? 1 : stride);
    return { ...table, cells, stride, share: Float32Array.from(table.share, (part) => part / 256) };
  }

  makeTint({ quantity, colours, opacity, cut, threshold }) {
    const [low, high] = RANGES[quantity];
    const level = this.map ? this.map.cutFor(quantity, threshold ?? this.map.threshold) : low;
    const map = quantity === "cosine" ? "RdBu_r" : colours;
    return tintTable({ map, low, high, cut: cut[quantity] ? level : low, opacity });
  }
}
