// "Save picture": the panes as they are on screen, with a legend, as one PNG.

import { COLOUR_MAPS } from "../maths/colour.js";
import { doubtOf, reasonOf, thresholdOf } from "./doubt.js";
import { letterOf } from "./merged.js";
import { NOTICE } from "./save_measures.js";

const LINE = 18; // CSS pixels of a line of the legend
const TEXT = "#e3e9ec";
const SMALL = "500 11px ui-monospace, Menlo, Consolas, monospace";
const LEGEND = "500 12px system-ui, -apple-system, 'Segoe UI', sans-serif";

/** Draw everything on one canvas; resolves to a PNG blob. */
export function pictureOf(viewer) {
  const ratio = viewer.pane.ratio;
  const stage = viewer.stage.getBoundingClientRect();
  const lines = viewer.panes.flatMap((pane) => legendOf(pane, viewer.panes.length > 1));
  const canvas = document.createElement("canvas");
  const g = canvas.getContext("2d");
  g.font = LEGEND;
  const wrapped = [...lines, keyLine(viewer), NOTICE].filter(Boolean).flatMap((line) => wrap(g, line, stage.width - 16));
  canvas.width = Math.round(stage.width * ratio);
  canvas.height = Math.round((stage.height + wrapped.length * LINE + 12) * ratio);
  g.scale(ratio, ratio);
  g.fillStyle = "#000";
  g.fillRect(0, 0, canvas.width, canvas.height);
  for (const pane of viewer.panes) drawPane(g, pane, stage);
  g.font = LEGEND;
  g.fillStyle = TEXT;
  wrapped.forEach((line, index) => g.fillText(line, 8, stage.height + LINE * (index + 1)));
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function drawPane(g, pane, stage) {
  const at = place(pane.film, stage);
  for (const canvas of [pane.image, pane.marks]) g.drawImage(canvas, at.x, at.y, at.width, at.height);
  const { corners, strip, bar } = pane;
  for (const name of ["title", "window", "zoom", "left", "right", "top", "bottom"]) drawText(g, corners[name], stage);
  if (!strip.node.hidden) drawText(g, strip.text, stage);
  drawScale(g, corners["scale-bar"], stage);
  if (bar.drawn) drawBar(g, pane, stage);
}

function place(node, stage) {
  const { left, top, width, height } = node.getBoundingClientRect();
  return { x: left - stage.left, y: top - stage.top, width, height };
}

/** The text of an element where it stands, line by line. */
function drawText(g, node, stage) {
  if (!node.textContent) return;
  const { x, y, width } = place(node, stage);
  const style = getComputedStyle(node);
  g.font = style.font || SMALL;
  g.textAlign = style.textAlign === "right" ? "right" : "left";
  const step = parseFloat(style.lineHeight) || 16;
  const edge = parseFloat(style.paddingLeft) || 0;
  node.textContent.split("\n").forEach((line, index) => {
    halo(g, line, g.textAlign === "right" ? x + width - edge : x + edge, y + edge / 3 + step * (index + 0.78));
  });
  g.textAlign = "left";
}

function halo(g, text, x, y) {
  g.lineWidth = 3;
  g.strokeStyle = "rgba(0, 0, 0, 0.85)";
  g.lineJoin = "round";
  g.strokeText(text, x, y);
  g.fillStyle = TEXT;
  g.fillText(text, x, y);
}

function drawScale(g, node, stage) {
  const [line, ...texts] = node.children;
  if (!line) return;
  const { x, y, width, height } = place(line, stage);
  g.fillStyle = TEXT;
  g.fillRect(x, y, width, Math.max(height, 2));
  for (const text of texts) drawText(g, text, stage);
}

function drawBar(g, { bar, viewer }, stage) {
  const ramp = place(bar.ramp, stage);
  const upright = ramp.height > ramp.width;
  const colours = COLOUR_MAPS[bar.pane.map.coloursOf(viewer.state.quantity, viewer.state.colours)];
  const fill = upright
    ? g.createLinearGradient(0, ramp.y + ramp.height, 0, ramp.y)
    : g.createLinearGradient(ramp.x, 0, ramp.x + ramp.width, 0);
  colours.forEach(([r, green, b], index) => fill.addColorStop(index / (colours.length - 1), `rgb(${r} ${green} ${b})`));
  g.fillStyle = fill;
  g.fillRect(ramp.x, ramp.y, ramp.width, ramp.height);
  if (!bar.mark.hidden) {
    const mark = place(bar.mark, stage);
    g.fillStyle = "#fff";
    g.fillRect(mark.x, mark.y, mark.width, mark.height);
  }
  for (const node of [bar.title, ...bar.ticks]) drawText(g, node, stage);
}

/** What a pane shows, in one or two lines. */
function legendOf(pane, several) {
  const { map, phrase, viewer } = pane;
  const title = pane.head?.title || pane.title;
  const name = several ? `Pane ${letterOf(pane.index)}: ` : "";
  const checkpoint = title ? `, checkpoint ${title}` : "";
  if (pane.isDifference) return [`Difference ${pane.letters} of the ${viewer.state.difference.quantity}`];
  if (!map) return [`${name}no map${checkpoint}`];
  const own = viewer.state.threshold === null ? map.rule : "set by hand";
  const doubt = doubtOf(pane);
  return [
    `${name}\u201c${phrase.text}\u201d, threshold ${thresholdOf(pane).toFixed(2)} of ${map.source ? `the ${map.source}` : "the score"} (${own})${checkpoint}`,
    doubt === "none" ? null : `${reasonOf(map)} ${doubt === "shown" ? "Shown anyway: dashed and hatched." : "No region is drawn."}`,
  ];
}

function keyLine(viewer) {
  const parts = [];
  if (viewer.panes.some((pane) => pane.map)) parts.push("solid: predicted");
  if (viewer.panes.some((pane) => pane.reference.length)) parts.push("dashed white: reference");
  if (viewer.boxes.current.length) parts.push("yellow: boxes drawn by hand");
  const measured = viewer.measures.current.find(({ kind }) => kind === "ruler");
  if (measured) parts.push(`light blue: measured (${sourceOf(viewer, measured)})`);
  return parts.join("; ");
}

/** Where the unit of a ruler comes from. */
function sourceOf(viewer, { image }) {
  return viewer.boxes.paneOf(image).info.spacing?.source ?? "pixels: no spacing in the file";
}

/** Break a line at spaces so that it fits. */
function wrap(g, text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (g.measureText(longer).width <= width || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
