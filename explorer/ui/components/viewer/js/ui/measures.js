// Rulers and angles drawn by hand, kept by radiograph in original pixels.

import { angleBetween, lineLength } from "../maths/ruler.js";

export class Measures {
  constructor(viewer) {
    this.viewer = viewer;
    this.list = []; // { kind: "ruler" | "angle", image, points, order }
    this.orders = 0;
  }

  /** Numbers boxes, rulers and angles in the order they were drawn. */
  nextOrder() {
    this.orders += 1;
    return this.orders;
  }

  restore(measures) {
    this.list = measures.map((measure) => ({ ...measure, order: this.nextOrder() }));
  }

  shownOn(pane) {
    return this.list.filter(({ image }) => image === pane.info?.id);
  }

  /** On radiographs that are on screen. */
  get current() {
    return this.list.filter(({ image }) => this.viewer.panes.some((pane) => pane.info?.id === image));
  }

  /** The angle on this radiograph that still lacks its second arm. */
  unfinished(pane) {
    return this.shownOn(pane).find(({ kind, points }) => kind === "angle" && points.length < 3) ?? null;
  }

  add(measure) {
    this.list.push({ ...measure, order: this.nextOrder() });
    return this.list.at(-1);
  }

  remove(measure) {
    this.list = this.list.filter((kept) => kept !== measure);
    this.viewer.set({});
  }

  deleteNewest() {
    this.remove(this.current.at(-1));
  }

  deleteAll() {
    const gone = this.current;
    this.list = this.list.filter((measure) => !gone.includes(measure));
    this.viewer.set({});
  }

  /** Numbers of one measure, for the saved file. */
  static numbers({ kind, points }, spacing) {
    if (kind === "angle") return { kind, points, degrees: points.length < 3 ? null : angleBetween(...points, spacing) };
    const { value, unit, source } = lineLength(...points, spacing);
    return { kind, points, px: lineLength(...points, null).value, mm: unit === "mm" ? value : null, source };
  }
}
