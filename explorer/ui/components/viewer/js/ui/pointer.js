// Mouse, pen and touch on one pane: one pointer works the tool, two fingers pinch and pan.

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PX = 24;

/** Keep the drag when the pointer leaves the canvas; a pointer that is already gone is no error. */
function capture(canvas, pointerId) {
  try {
    canvas.setPointerCapture(pointerId);
  } catch (error) {
    if (error.name !== "NotFoundError") throw error;
  }
}

/** What is pressed on one canvas, and the gesture that it makes. */
class Pointers {
  constructor(canvas, pane, viewer) {
    Object.assign(this, { canvas, pane, viewer });
    this.down = new Map();
    this.gesture = null;
    this.lastTap = { time: 0, x: 0, y: 0 };
    this.edge = null;
  }

  /** Place on the canvas. Asking where that is costs a layout: once a drag is enough. */
  at(event) {
    if (this.down.size === 0) this.edge = this.canvas.getBoundingClientRect();
    return [event.clientX - this.edge.left, event.clientY - this.edge.top];
  }

  press(event) {
    capture(this.canvas, event.pointerId);
    this.canvas.focus({ preventScroll: true });
    this.down.set(event.pointerId, this.at(event));
    if (this.down.size === 2) {
      if (this.gesture) this.viewer.cancelGesture(this.gesture);
      this.gesture = { kind: "pinch", pane: this.pane, last: this.pinch() };
    } else if (this.down.size === 1) {
      const pan = event.button === 1 || event.shiftKey;
      const tool = pan ? "pan" : this.viewer.state.tool;
      this.gesture = this.viewer.startGesture(this.pane, tool, this.at(event));
    }
    event.preventDefault();
  }

  move(event) {
    const point = this.at(event);
    if (!this.down.has(event.pointerId)) {
      if (event.pointerType !== "touch") this.viewer.hoverAt(this.pane, ...point);
      return;
    }
    this.down.set(event.pointerId, point);
    if (this.gesture?.kind === "pinch" && this.down.size === 2) this.movePinch();
    else if (this.gesture) this.viewer.moveGesture(this.gesture, point);
  }

  /** Middle of two fingers and how far they are apart. */
  pinch() {
    const [[x0, y0], [x1, y1]] = [...this.down.values()];
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, span: Math.hypot(x1 - x0, y1 - y0) };
  }

  movePinch() {
    const { pane, viewer, gesture } = this;
    const { last } = gesture;
    const next = this.pinch();
    viewer.panBy(pane, next.x - last.x, next.y - last.y);
    viewer.zoomAt(pane, next.x, next.y, next.span / Math.max(last.span, 1));
    gesture.last = next;
  }

  lift(event) {
    const touch = event.pointerType === "touch";
    const point = this.down.get(event.pointerId);
    this.down.delete(event.pointerId);
    if (this.gesture && this.gesture.kind !== "pinch") this.viewer.endGesture(this.gesture);
    if (touch && point) this.tap(point);
    // A finger left over from a pinch does nothing until it is lifted.
    this.gesture = null;
    if (!touch && point) this.viewer.hoverAt(this.pane, ...point);
  }

  /** Touch has no double click while `touch-action` is none; and a tap is its hover. */
  tap([x, y]) {
    const { lastTap: last } = this;
    const now = performance.now();
    const near = Math.hypot(x - last.x, y - last.y) < DOUBLE_TAP_PX;
    const again = now - last.time < DOUBLE_TAP_MS && near;
    this.lastTap = { time: again ? 0 : now, x, y };
    if (again) this.viewer.toggleFit(this.pane, x, y);
    else this.viewer.hoverAt(this.pane, x, y);
  }

  cancel(event) {
    this.down.delete(event.pointerId);
    if (this.gesture) this.viewer.cancelGesture(this.gesture);
    this.gesture = null;
  }

  /** The wheel zooms about its place, and does not scroll the page. */
  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const step = Math.max(-240, Math.min(240, event.deltaY * lines));
    if (this.pane.view) this.viewer.zoomAt(this.pane, ...this.at(event), Math.exp(-step * 0.0015));
  }
}

export function listenToPointer(canvas, pane, viewer) {
  const pointers = new Pointers(canvas, pane, viewer);
  canvas.onpointerdown = (event) => pointers.press(event);
  canvas.onpointermove = (event) => pointers.move(event);
  canvas.onpointerup = (event) => pointers.lift(event);
  canvas.onpointercancel = (event) => pointers.cancel(event);
  canvas.onpointerleave = (event) => {
    if (event.pointerType !== "touch") viewer.leave();
  };
  canvas.ondblclick = (event) => viewer.toggleFit(pane, ...pointers.at(event));
  canvas.onauxclick = (event) => event.preventDefault();
  // Not passive, so that it can be stopped; on the whole pane, so that letters and buttons over
  // the film do not let it through.
  pane.node.addEventListener("wheel", (event) => pointers.wheel(event), { passive: false });
}
