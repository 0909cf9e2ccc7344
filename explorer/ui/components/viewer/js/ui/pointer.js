// Mouse, pen and touch on one pane: one pointer works the tool, two fingers pinch and pan.

const DOUBLE_TAP_MS = 300;

/** Keep the drag when the pointer leaves the canvas; a pointer that is already gone is no error. */
function capture(canvas, pointerId) {
  try {
    canvas.setPointerCapture(pointerId);
  } catch (error) {
    if (error.name !== "NotFoundError") throw error;
  }
}

export function listenToPointer(canvas, pane, viewer) {
  const down = new Map();
  let gesture = null;
  let lastTap = { time: 0, x: 0, y: 0 };
  // Asking for the place costs a layout: once a drag is enough.
  let edge = null;
  const at = (event) => {
    if (down.size === 0) edge = canvas.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  const pinch = () => {
    const [[x0, y0], [x1, y1]] = [...down.values()];
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, span: Math.hypot(x1 - x0, y1 - y0) };
  };

  canvas.onpointerdown = (event) => {
    capture(canvas, event.pointerId);
    canvas.focus({ preventScroll: true });
    down.set(event.pointerId, at(event));
    if (down.size === 2) {
      if (gesture) viewer.cancelGesture(gesture);
      gesture = { kind: "pinch", pane, last: pinch() };
    } else if (down.size === 1) {
      const pan = event.button === 1 || event.shiftKey;
      gesture = viewer.startGesture(pane, pan ? "pan" : viewer.state.tool, at(event));
    }
    event.preventDefault();
  };

  canvas.onpointermove = (event) => {
    const point = at(event);
    if (!down.has(event.pointerId)) {
      if (event.pointerType !== "touch") viewer.hoverAt(pane, ...point);
      return;
    }
    down.set(event.pointerId, point);
    if (gesture?.kind === "pinch" && down.size === 2) {
      const next = pinch();
      const { last } = gesture;
      viewer.panBy(pane, next.x - last.x, next.y - last.y);
      viewer.zoomAt(pane, next.x, next.y, next.span / Math.max(last.span, 1));
      gesture.last = next;
    } else if (gesture) {
      viewer.moveGesture(gesture, point);
    }
  };

  const up = (event) => {
    const point = down.get(event.pointerId);
    down.delete(event.pointerId);
    if (gesture && gesture.kind !== "pinch") viewer.endGesture(gesture);
    if (event.pointerType === "touch" && point) doubleTap(point);
    // A finger left over from a pinch does nothing until it is lifted.
    gesture = null;
    if (event.pointerType !== "touch" && point) viewer.hoverAt(pane, ...point);
  };

  /** Touch has no double click while `touch-action` is none; and a tap is its hover. */
  const doubleTap = ([x, y]) => {
    const now = performance.now();
    const again = now - lastTap.time < DOUBLE_TAP_MS && Math.hypot(x - lastTap.x, y - lastTap.y) < 24;
    lastTap = { time: again ? 0 : now, x, y };
    if (again) viewer.toggleFit(pane, x, y);
    else viewer.hoverAt(pane, x, y);
  };

  canvas.onpointerup = up;
  canvas.onpointercancel = (event) => {
    down.delete(event.pointerId);
    if (gesture) viewer.cancelGesture(gesture);
    gesture = null;
  };
  canvas.onpointerleave = (event) => {
    if (event.pointerType !== "touch") viewer.leave();
  };
  canvas.ondblclick = (event) => viewer.toggleFit(pane, ...at(event));
  // The wheel would scroll the page: not passive, so that it can be stopped; on the whole pane, so
  // that letters and buttons over the film do not let it through.
  pane.node.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const step = Math.max(-240, Math.min(240, event.deltaY * lines));
      if (pane.view) viewer.zoomAt(pane, ...at(event), Math.exp(-step * 0.0015));
    },
    { passive: false },
  );
  canvas.onauxclick = (event) => event.preventDefault();
}
