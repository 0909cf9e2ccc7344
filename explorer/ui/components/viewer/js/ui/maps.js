// The maps of one pane, ready to read: grid, lines, regions and metrics, each made on demand.
//
// The cosine is interpolated and then scored, as in Python: a line, a region and a read-out of the
// score are then those of the cosine, whatever the scale.

import { contourLevels, contourLines, refine } from "../maths/contour.js";
import { cosineOfScore, score, valueAt } from "../maths/frame.js";
import { agreement, measurable } from "../maths/metrics.js";
import { findRegions, workScore } from "../maths/regions.js";

const COSINE_RANGE = [-1, 1];
const FLATTEST = 0.05; // a map whose score varies less has no lines
const KEPT_LINES = 60;

export class ShownMap {
  constructor(map, floats) {
    Object.assign(this, map);
    this.cosine = floats(map.cosine);
    this.pooled = map.score;
    this.lines = new Map();
    const low = this.cosine.reduce((a, b) => Math.min(a, b), Infinity);
    const high = this.cosine.reduce((a, b) => Math.max(a, b), -Infinity);
    Object.assign(this, { low, high: Math.max(high, low + 1e-6) });
  }

  /** Lowest and highest value of a quantity on the colour bar. */
  rangeOf(quantity) {
    // Another source has one quantity of its own, whatever is chosen for the others.
    return quantity === "cosine" || this.source ? (this.range ?? COSINE_RANGE) : [0, 1];
  }

  /** Name of the colour map: values with a sign have white at zero, others take what was chosen. */
  coloursOf(quantity, chosen) {
    const signed = this.source ? this.rangeOf(quantity)[0] < 0 : quantity === "cosine";
    return signed ? "RdBu_r" : chosen;
  }

  /** The score of a cosine; of another source, whose values are shares of the largest, the value. */
  scoreOf(cosine) {
    return this.source ? cosine : score(cosine, this.scale, this.bias);
  }

  /** A cosine in the quantity that is shown. */
  shownValue(quantity, cosine) {
    return quantity === "cosine" ? cosine : this.scoreOf(cosine);
  }

  valueAt(quantity, x, y) {
    return this.shownValue(quantity, valueAt(this.cosine, this.frame, x, y));
  }

  /** The threshold in the quantity that is shown. */
  cutFor(quantity, threshold) {
    if (this.source || quantity !== "cosine") return threshold;
    return cosineOfScore(threshold, this.scale, this.bias);
  }

  /** The highest pixel of the original, its value as a score. */
  get peak() {
    this.measuredOnce ??= measurable(this.cosine, this.frame);
    const { x, y, value } = this.measuredOnce.peak;
    return { x, y, value: Number.isFinite(value) ? this.scoreOf(value) : value };
  }

  /** CNR, pointing and means of the cosine, IoU at a threshold of the score, against boxes. */
  agreementWith(boxes, threshold) {
    this.measuredOnce ??= measurable(this.cosine, this.frame);
    return agreement(this.measuredOnce, boxes, this.cutFor("cosine", threshold));
  }

  /** Regions above a threshold of the score, as Python finds them; the last threshold is kept. */
  partsAt(threshold) {
    if (this.parts?.threshold !== threshold) {
      this.work ??= workScore(this, (cosine) => this.scoreOf(cosine));
      this.parts = { threshold, width: this.work.width, height: this.work.height, ...findRegions(this.work, this.frame, threshold) };
    }
    return this.parts;
  }

  regionsAt(threshold) {
    return this.partsAt(threshold).regions;
  }

  /** Whether the score hardly varies over the image. */
  get flat() {
    if (this.source) return this.high - this.low < FLATTEST;
    return this.scoreOf(this.high) - this.scoreOf(this.low) < FLATTEST;
  }

  /** Lines at fixed levels of the quantity above the threshold in force, as [{level, lines}]. */
  contours(quantity, step, threshold) {
    if (this.flat || step === "off") return [];
    const [low, high] = [this.low, this.high].map((cosine) => this.shownValue(quantity, cosine));
    const levels = contourLevels(low, high, step, this.cutFor(quantity, threshold));
    return levels.map((level) => this.linesAt(quantity, level));
  }

  /** The line round what is above the threshold; none on a flat map. */
  outlineAt(threshold) {
    return this.flat ? { level: threshold, lines: [] } : this.linesAt("score", threshold);
  }

  /** Lines at one level of a quantity; remembered. */
  linesAt(quantity, level) {
    const name = `${quantity} ${level}`;
    if (!this.lines.has(name)) {
      if (this.lines.size > KEPT_LINES) this.lines.clear();
      this.lattice ??= refine(this.cosine, this.frame);
      const cosine = quantity === "cosine" ? level : this.cutFor("cosine", level);
      this.lines.set(name, { level, lines: contourLines(this.lattice, cosine) });
    }
    return this.lines.get(name);
  }
}

/** Turn a message body's phrases into cards with ready maps. */
export function readPhrases(phrases, floats) {
  return phrases.map((phrase) => ({ ...phrase, map: phrase.map && new ShownMap(phrase.map, floats) }));
}
