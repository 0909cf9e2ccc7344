// What a drag does with each tool: start, move, end, cancel.

import { dragWindow } from "../maths/window.js";
import { toImage } from "../maths/view.js";

const SMALLEST_BOX = 3;

const clampTo = (pane, [x, y]) => [
  Math.min(Math.max(x, 0), pane.info.width),
  Math.min(Math.max(y, 0), pane.info.height),
];

function imagePoint(pane, point) {
  return clampTo(pane, toImage(pane.view, pane.size, ...point));
}

function boxBetween([x0, y0], [x1, y1]) {
  return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)].map(
    (edge) => Math.round(edge * 10) / 10,
  );
}

/** Each tool: `start` may add to the gesture, `move` follows, `end` keeps, `cancel` restores. */
const TOOLS = {
  window: {
    start: (viewer, gesture) => (gesture.window = gesture.pane.window),
    move: (viewer, { pane, window }, dx, dy) => viewer.setWindow(pane, dragWindow(window, dx, dy, pane.range)),
    cancel: (viewer, { pane, window }) => viewer.setWindow(pane, window),
  },
  pan: {
    start: (viewer, gesture) => (gesture.last = gesture.from),
    move: (viewer, gesture, dx, dy, point) => {
      viewer.panBy(gesture.pane, point[0] - gesture.last[0], point[1] - gesture.last[1]);
      gesture.last = point;
    },
  },
  zoom: {
    start: (viewer, gesture) => (gesture.lastY = gesture.from[1]),
    move: (viewer, gesture, dx, dy, point) => {
      viewer.zoomAt(gesture.pane, ...gesture.from, Math.exp((gesture.lastY - point[1]) * 0.008));
      gesture.lastY = point[1];
    },
  },
  box: {
    start: (viewer, gesture) => (gesture.corner = imagePoint(gesture.pane, gesture.from)),
    move: (viewer, { pane, corner }, dx, dy, point) =>
      viewer.draftBox(pane, boxBetween(corner, imagePoint(pane, point))),
    end: (viewer, { pane }) => {
      const box = viewer.state.draft?.box;
      const drawn = box && box[2] - box[0] >= SMALLEST_BOX && box[3] - box[1] >= SMALLEST_BOX;
      viewer.state.draft = null;
      if (drawn) viewer.addBox(pane, box);
      else viewer.boxesChanged();
    },
    cancel: (viewer) => {
      viewer.state.draft = null;
      viewer.boxesChanged();
    },
  },
  ruler: {
    start: (viewer, gesture) => (gesture.first = imagePoint(gesture.pane, gesture.from)),
    move: (viewer, gesture, dx, dy, point) => {
      const { pane, first } = gesture;
      gesture.ruler ??= viewer.measures.add({ kind: "ruler", image: pane.info.id, points: [first, first] });
      gesture.ruler.points[1] = imagePoint(pane, point);
      pane.touch();
    },
    cancel: (viewer, { ruler }) => ruler && viewer.measures.remove(ruler),
  },
  // The first drag draws an arm up to the vertex, the second one sets the end of the other arm.
  angle: {
    start: (viewer, gesture) => {
      gesture.angle = viewer.measures.unfinished(gesture.pane);
      gesture.second = gesture.angle !== null;
      gesture.first = imagePoint(gesture.pane, gesture.from);
      if (gesture.second) gesture.arm = [...gesture.angle.points];
    },
    move: (viewer, gesture, dx, dy, point) => {
      const { pane, first, arm } = gesture;
      gesture.angle ??= viewer.measures.add({ kind: "angle", image: pane.info.id, points: [first, first] });
      gesture.angle.points = [...(arm ?? [first]), imagePoint(pane, point)];
      pane.touch();
    },
    end: (viewer, { pane, angle, arm, first }) => {
      if (arm && angle.points.length < 3) angle.points = [...arm, first];
      pane.touch();
    },
    cancel: (viewer, { angle, arm }) => {
      if (arm) angle.points = arm;
      else if (angle) viewer.measures.remove(angle);
    },
  },
  lens: {
    start: (viewer, gesture) => viewer.showLens(gesture.pane, gesture.from),
    move: (viewer, gesture, dx, dy, point) => viewer.showLens(gesture.pane, point),
    end: (viewer) => viewer.hideLens(),
    cancel: (viewer) => viewer.hideLens(),
  },
};

/** Begin a drag; null while the radiograph is still loading. */
export function startGesture(viewer, pane, tool, from) {
  if (!pane.copies || !pane.view) return null;
  const gesture = { pane, tool, from };
  TOOLS[tool].start(viewer, gesture);
  return gesture;
}

export function moveGesture(viewer, gesture, point) {
  const [x, y] = gesture.from;
  TOOLS[gesture.tool].move(viewer, gesture, point[0] - x, point[1] - y, point);
}

export function endGesture(viewer, gesture) {
  TOOLS[gesture.tool].end?.(viewer, gesture);
}

export function cancelGesture(viewer, gesture) {
  TOOLS[gesture.tool]?.cancel?.(viewer, gesture);
  viewer.schedule();
}
