// What all panes do together: one view for all, one window for the panes of one radiograph.

import { fitted, flipped, isFitted, panned, toggledAt, toImage, toScreen, turned, zoomedAt } from "../maths/view.js";

export class LinkedPanes {
  panes = [];

  /** Panes that show the same radiograph as this one. */
  panesLike(source) {
    return this.panes.filter((pane) => pane.info && pane.info.id === source.info?.id);
  }

  /**
   * Where the pointer is, on this pane, in pixels of its own film: the same pixel of the same
   * film, the same place of the pane on another one; null without a pointer.
   */
  pointOn(pane) {
    const { hover } = this.state;
    if (!hover?.pane.view || !pane.info || !pane.view) return null;
    if (hover.pane.info.id === pane.info.id) return [hover.x, hover.y];
    const [x, y] = toScreen(hover.pane.view, hover.pane.size, hover.x, hover.y);
    return toImage(pane.view, pane.size, ...samePlace(hover.pane, pane, x, y));
  }

  // --- view ----------------------------------------------------------------------------------

  /** Apply a change of view to every pane that is ready. */
  eachView(change) {
    for (const pane of this.panes) {
      if (!pane.copies || !pane.view) continue;
      pane.view = change(pane.view, pane);
      pane.atFit = isFitted(pane.view, pane.size, pane.info);
      pane.touch("view");
    }
  }

  panBy(source, dx, dy) {
    const { scale } = source.view;
    this.eachView((view, pane) => {
      const share = pane === source ? 1 : view.scale / scale;
      return panned(view, pane.info, dx * share, dy * share);
    });
  }

  zoomAt(source, x, y, factor) {
    this.eachView((view, pane) => zoomedAt(view, pane.size, pane.info, ...samePlace(source, pane, x, y), factor));
  }

  /** Between fit and one image pixel a screen pixel, at a point; the other panes do the same. */
  toggleFit(source, x, y) {
    const enlarge = source.view && isFitted(source.view, source.size, source.info);
    this.eachView((view, pane) => {
      const from = enlarge ? fitted(view, pane.size, pane.info) : { ...view, scale: Infinity };
      return toggledAt(from, pane.size, pane.info, ...samePlace(source, pane, x, y), pane.ratio);
    });
  }

  zoomBy(factor) {
    const { pane } = this;
    this.zoomAt(pane, pane.size.width / 2, pane.size.height / 2, factor);
  }

  fit() {
    this.eachView((view, pane) => fitted(view, pane.size, pane.info));
  }

  turn(quarters) {
    this.eachView((view, pane) => fitted(turned(view, quarters), pane.size, pane.info));
  }

  flip(axis) {
    this.eachView((view) => flipped(view, axis));
  }

  /** Upright and whole. */
  resetView() {
    this.eachView((view, pane) => fitted({ ...view, turns: 0, mirrored: false }, pane.size, pane.info));
  }

  // --- window ----------------------------------------------------------------------------------

  setWindow(source, window, preset = -1) {
    for (const pane of this.panesLike(source)) {
      Object.assign(pane, { window, preset });
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
    const { pane } = this;
    const inverted = !pane.inverted;
    for (const like of this.panesLike(pane)) {
      like.inverted = inverted;
      like.touch("grey");
    }
    this.say(inverted ? "Inverted" : "Not inverted");
  }

  /** Every radiograph as its file wants it shown. */
  resetWindows() {
    for (const pane of this.panes) {
      if (!pane.info) continue;
      Object.assign(pane, { window: pane.presets[0], preset: 0, inverted: pane.info.inverted });
      pane.touch("grey");
    }
  }
}

/** The same place in another pane, as a share of its size. */
function samePlace(source, pane, x, y) {
  return [(x / source.size.width) * pane.size.width, (y / source.size.height) * pane.size.height];
}
