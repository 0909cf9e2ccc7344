// A picture of a radiograph with its map at screen resolution, painted from 16-bit levels.
//
// Three steps, each done only when its input changed: resample levels and map to the screen
// (view), build two look-up tables (window; overlay), paint grey and tint in one pass.

import { paint } from "../maths/colour.js";
import { gridX, gridY } from "../maths/frame.js";
import { axisTable, pyramidLevel, resampleLevels } from "../maths/pixels.js";
import { orientation } from "../maths/view.js";

export class Picture {
  constructor(columns, rows, ratio) {
    Object.assign(this, { columns, rows, ratio });
    this.pixels = new ImageData(columns, rows);
    this.out = new Uint32Array(this.pixels.data.buffer);
    this.levels = new Uint16Array(columns * rows);
    this.indices = new Uint16Array(columns * rows);
  }

  /** Screen axis tables and the 16-bit levels under every screen pixel. */
  resample(view, copies, info) {
    this.view = view;
    const level = pyramidLevel(view.scale * this.ratio * info.reduction, copies.length);
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

  /** Overlay index of every screen pixel inside the image: the cosine between the map's ends. */
  resampleMap({ cosine: grid, frame, low, high }) {
    const { indices, inside } = this;
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
  }

  /** Cells and weights of every pixel of a screen axis; `counted` gives cells, not memory offsets. */
  gridAxis({ image, position }, length, frame, counted) {
    const place = image === "x" ? gridX : gridY;
    const cells = image === "x" ? frame.gridColumns : frame.gridRows;
    const stride = image === "x" ? 1 : frame.gridColumns;
    const table = axisTable(length, (i) => place(frame, position(i)), cells, cells, 1, counted ? 1 : stride);
    return { ...table, cells, stride, share: Float32Array.from(table.share, (part) => part / 256) };
  }

  /** Grey and, with a tint, the overlay on top; on to a canvas of the picture's size. */
  paint(canvas, grey, tint, overlay) {
    paint(this.out, this.levels, grey, overlay ? this.indices : null, tint, this.columns, this.inside);
    canvas.getContext("2d").putImageData(this.pixels, 0, 0);
  }
}
