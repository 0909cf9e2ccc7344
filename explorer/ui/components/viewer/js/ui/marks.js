// What is drawn over the picture from the map and the references: lines, regions, the model's frame.

import { seenRect, seesAll } from "../maths/frame.js";
import { runsOf } from "../maths/regions.js";
import { orientation, toScreen } from "../maths/view.js";
import { doubtOf, isDrawn, thresholdOf } from "./doubt.js";
import { drawBoxes, drawMeasures } from "./hand_marks.js";
import { drawLens } from "./lens.js";
import { belongs } from "./truth.js";
import { corners, hatching, isFree, labelBox, outline, startDrawing, trace, write, writeLabels } from "./strokes.js";

const SHORTEST_LABELLED_LINE = 110; // CSS pixels
const MOST_LABELS = 6; // of one level
const DOUBT_DASH = [6, 5];

/** Draw all marks of a pane; coordinates are CSS pixels. */
export function drawMarks(pane) {
  const { state } = pane.viewer;
  const draw = startDrawing(pane);
  const overlay = !state.hidden && state.overlay;
  if (overlay) drawUnseen(draw);
  if (isDrawn(pane)) {
    drawContours(draw);
    if (state.regions) drawRegions(draw);
  }
  if (overlay && state.regions) drawReferences(draw);
  if (!state.hidden) drawBoxes(draw);
  writeLabels(draw);
  // Late, so that the labels of lines keep clear of those of boxes.
  if (isDrawn(pane)) labelContours(draw);
  if (!state.hidden) drawMeasures(draw);
  drawLens(draw);
}

/** Hatch what the model did not see and put a dashed line around what it saw. */
function drawUnseen({ g, pane, place }) {
  const frame = pane.map?.frame ?? pane.frame;
  if (!frame || seesAll(frame)) return;
  const seen = seenRect(frame);
  const { width, height } = pane.info;
  g.save();
  g.beginPath();
  trace(g, place, [0, 0, width, height]);
  trace(g, place, seen);
  g.clip("evenodd");
  pane.hatch ??= hatching(g, "rgba(200, 208, 212, 0.32)");
  g.fillStyle = pane.hatch;
  g.fillRect(0, 0, pane.size.width, pane.size.height);
  g.restore();
  g.beginPath();
  trace(g, place, seen);
  g.setLineDash([4, 4]);
  g.lineWidth = 1;
  g.strokeStyle = "rgba(214, 222, 226, 0.85)";
  g.stroke();
  g.setLineDash([]);
  const [x, y] = corners(seen).map((point) => place(...point)).reduce((a, b) => (a[0] + a[1] <= b[0] + b[1] ? a : b));
  if (x >= 0 && y >= 0) write(g, "seen by the model", x + 5, y + 14, "rgb(214, 222, 226)");
}

/** The threshold's line and the regular ones, or null when none are shown. */
function shownContours(pane) {
  const { map, viewer } = pane;
  const { contours, quantity, step } = viewer.state;
  if (!contours) return null;
  const threshold = thresholdOf(pane);
  return { cut: map.outlineAt(threshold), regular: map.contours(quantity, step, threshold) };
}

function drawContours({ g, pane }) {
  const shown = shownContours(pane);
  if (!shown) return;
  const dash = doubtOf(pane) === "shown" ? DOUBT_DASH : [];
  for (const lines of shown.regular) strokePath(g, pane, pathOf(lines), { colour: "#ffffff", width: 1, dash });
  strokePath(g, pane, pathOf(shown.cut), { colour: pane.phrase.color, width: 2, dash });
}

function labelContours(draw) {
  const shown = shownContours(draw.pane);
  if (!shown) return;
  labelLines(draw, shown.cut.lines, `threshold ${formatLevel(shown.cut.level)}`, draw.pane.phrase.color);
  for (const { level, lines } of shown.regular) labelLines(draw, lines, formatLevel(level), "#ffffff");
}

function formatLevel(level) {
  const text = Math.abs(level).toFixed(3).replace(/0$/, "").replace(/0$/, "");
  return (level < 0 ? "\u2212" : "") + text.replace(/\.$/, "");
}

/** The lines as a path of image coordinates, made once. */
function pathOf(entry) {
  if (!entry.path) {
    entry.path = new Path2D();
    for (const line of entry.lines) {
      line.forEach(([x, y], index) => (index ? entry.path.lineTo(x, y) : entry.path.moveTo(x, y)));
    }
  }
  return entry.path;
}

/** Let image coordinates be drawn as they are. */
function inImage(g, { view, size, ratio }) {
  const [a, b, c, d] = orientation(view).map((entry) => entry * view.scale * ratio);
  const [x, y] = toScreen(view, size, 0, 0);
  g.setTransform(a, c, b, d, x * ratio, y * ratio);
}

/** Stroke a path of image coordinates with a width of screen pixels, dark halo beneath. */
function strokePath(g, pane, path, { colour, width, dash }) {
  const { scale } = pane.view;
  g.save();
  inImage(g, pane);
  g.setLineDash(dash.map((part) => part / scale));
  g.strokeStyle = "rgba(0, 0, 0, 0.6)";
  g.lineWidth = (width + 1.5) / scale;
  g.stroke(path);
  g.strokeStyle = colour;
  g.lineWidth = width / scale;
  g.stroke(path);
  g.restore();
}

/** One label on every line that is long enough on the screen and has a free place for it. */
function labelLines({ g, pane, place, taken }, lines, text, colour) {
  const width = g.measureText(text).width;
  let left = MOST_LABELS;
  for (const line of lines) {
    if (left === 0) return;
    const length = line.length * pane.view.scale * stepOf(line);
    if (length < SHORTEST_LABELLED_LINE) continue;
    for (const share of [0.5, 0.25, 0.75, 0, 0.4, 0.6]) {
      const [x, y] = place(...line[Math.floor(line.length * share)]);
      const rect = [x - width / 2 - 3, y - 7, x + width / 2 + 3, y + 7];
      if (!isFree(rect, taken, pane.size)) continue;
      taken.push(rect);
      write(g, text, x, y + 4, colour, "center");
      left -= 1;
      break;
    }
  }
}

function stepOf(line) {
  const [[x0, y0], [x1, y1]] = [line[0], line[Math.min(1, line.length - 1)]];
  return Math.hypot(x1 - x0, y1 - y0) || 1;
}

/** Regions at the threshold in force: solid, or dashed and hatched when the badge is raised. */
function drawRegions(draw) {
  const { pane } = draw;
  const { phrase, map } = pane;
  const parts = map.partsAt(thresholdOf(pane));
  const doubted = doubtOf(pane) === "shown";
  if (doubted) hatchParts(draw, parts, phrase.color);
  for (const { box, peak } of parts.regions) {
    outline(draw, box, { colour: phrase.color, width: 2, dash: doubted ? DOUBT_DASH : [] });
    labelBox(draw, box, `${doubted ? "not to be relied on" : map.source ? `above ${parts.threshold.toFixed(2)}` : "predicted"}, peak ${peak.toFixed(2)}`, phrase.color);
  }
}

function hatchParts({ g, pane }, parts, colour) {
  if (!parts.area) {
    parts.area = new Path2D();
    const across = pane.info.width / parts.width;
    const down = pane.info.height / parts.height;
    for (const [row, from, to] of runsOf(parts, parts.width)) {
      parts.area.rect(from * across, row * down, (to - from) * across, down);
    }
    parts.pattern = hatching(g, colour);
  }
  g.save();
  inImage(g, pane);
  g.clip(parts.area);
  g.setTransform(pane.ratio, 0, 0, pane.ratio, 0, 0);
  g.fillStyle = parts.pattern;
  g.fillRect(0, 0, pane.size.width, pane.size.height);
  g.restore();
}

/** Reference boxes: dashed for the shown sentence, dotted and faint for the other ones. */
function drawReferences(draw) {
  const { reference: all, phrase } = draw.pane;
  for (const reference of all) {
    const { label, box, sentence } = reference;
    if (!phrase ? sentence === null : belongs(reference, phrase)) {
      outline(draw, box, { colour: "#ffffff", width: 1.5, dash: [7, 5] });
      labelBox(draw, box, `reference: ${label}`, "#ffffff", true);
    } else {
      outline(draw, box, { colour: "rgba(255, 255, 255, 0.6)", width: 1, dash: [2, 5], halo: 0 });
    }
  }
}
