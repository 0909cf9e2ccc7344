// "Figure": the panes in one labelled picture for a paper, on white, at twice the screen's resolution.

import { COLOUR_MAPS } from "../maths/colour.js";
import { toScreen } from "../maths/view.js";
import { download } from "./download.js";
import { doubtOf, isDrawn, reasonOf, thresholdOf } from "./doubt.js";
import { letterOf } from "./merged.js";
import { Picture } from "./picture.js";
import { NOTICE } from "./save_measures.js";
import { asPng, asSvg } from "./scene.js";
import { belongs } from "./truth.js";

const GAP = 14;
const BAR = 62; // colour bar with its numbers
const HEAD = 40; // two lines above a film
const FOOT = 18; // one line below it
const SHARPER = 2;

export async function saveFigure(viewer, kind) {
  const scene = figureOf(viewer);
  download(kind === "svg" ? asSvg(scene) : await asPng(scene, SHARPER), `comparison.${kind}`);
  viewer.say("Figure saved");
}

/** All panes in the rows and columns of the screen, with title, labels, bars and notice. */
export function figureOf(viewer) {
  const panes = viewer.panes.filter(({ copies, view }) => copies && view);
  const columns = panes.length > 4 ? 3 : panes.length === 4 ? 2 : panes.length;
  const shown = new Map(panes.map((pane) => [pane, seenPart(pane)]));
  const width = Math.max(...[...shown.values()].map((part) => part.width));
  const height = Math.max(...[...shown.values()].map((part) => part.height));
  const [across, down] = [width + BAR + GAP, HEAD + height + FOOT + GAP];
  const phrase = viewer.phrases.find(({ id }) => id === viewer.state.phraseId)?.text ?? "";
  const title = viewer.desk.desk?.title || "Radiograph";
  const total = { width: GAP + columns * across, height: 62 + Math.ceil(panes.length / columns) * down + 30 };
  return {
    ...total,
    title: `${title}: ${phrase}`,
    shapes: [
      { kind: "rect", x: 0, y: 0, ...total, fill: "#ffffff" },
      { kind: "text", x: GAP, y: 26, text: short(title, total.width), size: 16, bold: true },
      { kind: "text", x: GAP, y: 47, text: short(phrase ? `\u201c${phrase}\u201d` : "no phrase", total.width), size: 13 },
      ...panes.flatMap((pane, at) => paneShapes(pane, shown.get(pane), GAP + (at % columns) * across, 62 + Math.floor(at / columns) * down, width, height)),
      { kind: "text", x: GAP, y: total.height - 12, text: NOTICE, size: 12, bold: true },
    ],
  };
}

/** The part of a pane that its film fills; the black beside it is left out. */
function seenPart({ view, size, info }) {
  const [a, b] = [toScreen(view, size, 0, 0), toScreen(view, size, info.width, info.height)];
  const [left, right] = [a[0], b[0]].sort((p, q) => p - q);
  const [top, bottom] = [a[1], b[1]].sort((p, q) => p - q);
  const x = Math.max(0, left);
  const y = Math.max(0, top);
  return { x, y, width: Math.min(size.width, right) - x, height: Math.min(size.height, bottom) - y };
}

function paneShapes(pane, part, x, y, width, height) {
  const { viewer } = pane;
  const setup = viewer.setup?.panes[pane.index];
  const name = pane.isDifference ? `${pane.letters}` : pane.head?.title || pane.title;
  const detail = pane.isDifference ? `difference of the ${viewer.state.difference.quantity}` : [setup?.source, setup && `pooling ${setup.pooling}`].filter(Boolean).join(", ");
  const letter = pane.isDifference ? "" : `${letterOf(pane.index)}  `;
  return [
    { kind: "text", x, y: y + 14, text: short(`${letter}${name}`, width), size: 12, bold: true },
    { kind: "text", x, y: y + 31, text: short(detail, width), size: 11, fill: "#444444" },
    { kind: "clip", x, y: y + HEAD, width: part.width, height: part.height, shapes: filmShapes(pane, x - part.x, y + HEAD - part.y) },
    ...barShapes(pane, x + part.width + 8, y + HEAD, height),
    { kind: "text", x, y: y + HEAD + height + 14, text: short(captionOf(pane), width + BAR), size: 10.5, fill: "#444444" },
  ];
}

/** Radiograph and overlay, lines and boxes above them. */
function filmShapes(pane, x, y) {
  const { size, view, viewer, phrase } = pane;
  const place = ([px, py]) => {
    const [sx, sy] = toScreen(view, size, px, py);
    return [x + sx, y + sy];
  };
  const shapes = [{ kind: "image", canvas: render(pane), x, y, width: size.width, height: size.height }];
  const stroke = (lines, colour, width, dash) => {
    if (!lines.length) return;
    shapes.push({ kind: "path", lines, stroke: "#000000", width: width + 1.6, dash }, { kind: "path", lines, stroke: colour, width, dash });
  };
  const outline = ([x0, y0, x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]].map(place);
  if (isDrawn(pane) && !pane.isDifference && phrase) {
    const threshold = thresholdOf(pane);
    const dash = doubtOf(pane) === "shown" ? [6, 5] : [];
    if (viewer.state.contours) stroke(pane.map.outlineAt(threshold).lines.map((line) => line.map(place)), phrase.color, 2, dash);
    if (viewer.state.regions) for (const { box } of pane.map.regionsAt(threshold)) stroke([outline(box)], phrase.color, 1.5, dash);
  }
  for (const reference of phrase ? pane.reference.filter((known) => belongs(known, phrase)) : []) stroke([outline(reference.box)], "#ffffff", 1.5, [7, 5]);
  for (const { box } of viewer.boxes.shownOn(pane)) stroke([outline(box)], "#ffe14d", 1.5, []);
  for (const side of ["left", "right"]) {
    const text = pane.corners[side].textContent;
    const { width } = seenPart(pane);
    const from = x + seenPart(pane).x;
    if (text) shapes.push({ kind: "text", x: side === "left" ? from + 8 : from + width - 8, y: y + size.height * 0.35, text, size: 16, bold: true, fill: "#ffffff", halo: "#000000", anchor: side === "left" ? "start" : "end" });
  }
  return shapes;
}

/** The pane painted anew, sharper than on screen. */
function render(pane) {
  const { size, view, copies, info, grey, viewer } = pane;
  const picture = new Picture(Math.round(size.width * SHARPER), Math.round(size.height * SHARPER), SHARPER);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.columns, height: picture.rows });
  const overlay = isDrawn(pane) && viewer.state.opacity > 0;
  picture.resample(view, copies, info);
  if (overlay) picture.resampleMap(pane.map);
  picture.paint(canvas, grey, pane.tint ?? pane.makeTint(), overlay);
  return canvas;
}

function barShapes(pane, x, y, height) {
  const { map, viewer } = pane;
  if (!map || !isDrawn(pane)) return [];
  const { quantity, colours } = viewer.state;
  const name = map.coloursOf(quantity, colours);
  const [low, high] = map.rangeOf(quantity);
  const tall = Math.min(220, height * 0.6);
  const top = y + (height - tall) / 2;
  const ticks = [[high, top + 4], [(low + high) / 2, top + tall / 2 + 4], [low, top + tall + 4]];
  return [
    { kind: "text", x, y: top - 10, text: pane.bar.title.textContent, size: 10.5 },
    { kind: "ramp", x, y: top, width: 11, height: tall, colours: COLOUR_MAPS[name].map(([r, g, b]) => `rgb(${r},${g},${b})`) },
    ...ticks.map(([value, at]) => ({ kind: "text", x: x + 16, y: at, text: String(Number(value.toFixed(2))).replace("-", "\u2212"), size: 10.5 })),
  ];
}

function captionOf(pane) {
  const { map, viewer } = pane;
  if (pane.isDifference) return map ? `zero in the middle, scale to \u00b1${map.limit}` : "no difference";
  if (!map) return pane.head?.failed || "no map of this phrase";
  const own = viewer.state.threshold === null ? map.rule : "set by hand";
  const doubt = doubtOf(pane) === "none" ? "" : `; ${reasonOf(map)}`;
  return `threshold ${thresholdOf(pane).toFixed(2)} (${own})${doubt}`;
}

/** Cut to what fits, at about six and a half pixels a letter. */
function short(text, width) {
  const most = Math.max(8, Math.floor(width / 6.6));
  return text.length > most ? `${text.slice(0, most - 1)}\u2026` : text;
}
