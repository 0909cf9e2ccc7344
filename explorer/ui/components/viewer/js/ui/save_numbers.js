// The numbers of Compare as a file: every phrase, pane and pair, made in the browser.

import { download } from "./download.js";
import { numbersOf } from "./numbers.js";
import { NOTICE } from "./save_measures.js";

export function saveNumbers(viewer, kind) {
  const phrases = viewer.phrases.filter(({ map }) => map).map((phrase) => plain(numbersOf(viewer, phrase)));
  const text = kind === "csv" ? asCsv(phrases) : JSON.stringify({ format: "radiograph grounding explorer, comparison", version: 1, notice: NOTICE, film: filmOf(viewer), phrases }, null, 2);
  download(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }), `comparison.${kind}`);
  viewer.say("Numbers saved");
}

function filmOf(viewer) {
  const { id, width, height } = viewer.own[0]?.info ?? {};
  return { id, width, height };
}

/** Records without maps; what is not a finite number is null. */
function plain({ phrase, panes, pairs, winners }) {
  return {
    phrase,
    panes: panes.map(({ letter, checkpoint, pooling = null, source = null, score = null, calibrated = null, verdict, threshold = null, peak, area = null, known }) => ({
      pane: letter, checkpoint, pooling, source, score, calibrated, verdict: verdict?.words ?? null, threshold, peak: finite(peak?.value), area,
      cnr: finite(known?.cnr), iou: finite(known?.iou), pointing: known?.pointing ?? null,
    })),
    pairs: pairs.map(({ a, b, iou, r, why = null }) => ({ panes: `${a}, ${b}`, iou: finite(iou), r: finite(r), why })),
    best: winners,
  };
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

/** One line a phrase and pane, then one a phrase and pair. */
export function asCsv(phrases) {
  const names = ["phrase", "panes", "checkpoint", "pooling", "source", "score", "calibrated", "verdict", "threshold", "peak", "area", "cnr", "iou", "pointing", "best", "pair_iou", "pair_r"];
  const lines = phrases.flatMap(({ phrase, panes, pairs, best }) => [
    ...panes.map((pane) => ({ phrase, ...pane, panes: pane.pane, best: Object.keys(best).filter((measure) => best[measure].includes(pane.pane)).join(" ") })),
    ...pairs.map(({ panes: pair, iou, r }) => ({ phrase, panes: pair, pair_iou: iou, pair_r: r })),
  ]);
  return [names, ...lines.map((line) => names.map((name) => line[name]))].map((cells) => cells.map(quoted).join(",")).join("\r\n");
}

/** A cell that a spreadsheet does not take for a formula. */
function quoted(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
