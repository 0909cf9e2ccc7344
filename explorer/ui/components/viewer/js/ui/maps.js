// The maps of one pane, ready to read: score grid, contour lines and metrics, each made on demand.

import { contourLevels, contourLines, refine } from "../maths/contour.js";
import { cosineOfScore, score, valueAt } from "../maths/frame.js";
import { measurable } from "../maths/metrics.js";

/** Lowest and highest value of each quantity; the cosine's range is that of the colour bar. */
export const RANGES = { score: [0, 1], cosine: [-1, 1] };

export class ShownMap {
  constructor(map, floats) {
    Object.assign(this, map);
    this.cosine = floats(map.cosine);
    this.score = Float32Array.from(this.cosine, (value) => score(value, map.scale, map.bias));
    this.pooled = map.score;
    this.lines = new Map();
  }

  grid(quantity) {
    return quantity === "cosine" ? this.cosine : this.score;
  }

  valueAt(quantity, x, y) {
    return valueAt(this.grid(quantity), this.frame, x, y);
  }

  /** Sums and peak of the score map over the pixels of the original. */
  get measured() {
    this.measuredOnce ??= measurable(this.score, this.frame);
    return this.measuredOnce;
  }

  /** The threshold in the quantity that is shown. */
  cutFor(quantity, threshold) {
    return quantity === "cosine" ? cosineOfScore(threshold, this.scale, this.bias) : threshold;
  }

  /** Contour lines of the quantity at regular levels, as [{level, lines}]. */
  contours(quantity, step) {
    const { low, high } = this.lattice(quantity);
    return contourLevels(low, high, step).map((level) => this.linesAt(quantity, level));
  }

  /** Lines at one level of a quantity; remembered. */
  linesAt(quantity, level) {
    const name = `${quantity} ${level}`;
    if (!this.lines.has(name)) {
      if (this.lines.size > 60) this.lines.clear();
      const lines = contourLines(this.lattice(quantity), level);
      const path = new Path2D();
      for (const line of lines) {
        line.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
      }
      this.lines.set(name, { level, lines, path });
    }
    return this.lines.get(name);
  }

  lattice(quantity) {
    this.lattices ??= {};
    this.lattices[quantity] ??= withRange(refine(this.grid(quantity), this.frame));
    return this.lattices[quantity];
  }
}

function withRange(lattice) {
  const low = lattice.values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = lattice.values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { ...lattice, low, high };
}

/** Turn a message body's phrases into cards with ready maps. */
export function readPhrases(phrases, floats) {
  return phrases.map((phrase) => ({ ...phrase, map: phrase.map && new ShownMap(phrase.map, floats) }));
}
