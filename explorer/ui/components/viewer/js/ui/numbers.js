// All numbers of Compare for one phrase: each pane, each pair, and which pane wins on known boxes.

import { agreementOfMaps } from "../maths/difference.js";
import { scoreOf } from "./card.js";
import { letterOf } from "./merged.js";
import { verdictOf } from "./verdict.js";

export const MEASURES = [["cnr", "CNR"], ["iou", "IoU"], ["pointing", "Pointing"]];

/** @returns {{panes: object[], pairs: object[], winners: Record<string, string[]>}} */
export function numbersOf(viewer, phrase) {
  const panes = viewer.own.map((pane, index) => ofPane(viewer, pane, index, phrase.id));
  return { phrase: phrase.text, id: phrase.id, panes, pairs: pairsOf(viewer, phrase.id), winners: winnersOf(panes) };
}

function mapOf(pane, id) {
  return pane.phrases.find((phrase) => phrase.id === id) ?? null;
}

function thresholdIn(viewer, map) {
  return viewer.state.threshold ?? map.threshold;
}

function ofPane(viewer, pane, index, id) {
  const letter = letterOf(index);
  const phrase = mapOf(pane, id);
  const named = { letter, checkpoint: pane.head?.title ?? "", ...viewer.setup?.panes[index] && settings(viewer, index) };
  if (!phrase?.map) return { ...named, map: null, known: null };
  const { map } = phrase;
  const threshold = thresholdIn(viewer, map);
  const boxes = viewer.truth.of(pane, phrase);
  return {
    ...named,
    map,
    score: map.pooled ?? null,
    scoreShown: scoreOf(map),
    calibrated: map.calibrated !== false,
    verdict: verdictOf(map, phrase.assertion),
    threshold,
    peak: map.peak,
    area: map.regionsAt(threshold).reduce((sum, { area }) => sum + area, 0),
    known: boxes.length ? remembered(map, boxes, threshold) : null,
  };
}

function settings(viewer, index) {
  const { checkpoint, pooling, source } = viewer.setup.panes[index];
  return { name: checkpoint, pooling, source };
}

/** Agreement with boxes, computed again only for other boxes or another threshold. */
function remembered(map, boxes, threshold) {
  const name = `${threshold} ${boxes.join(" ")}`;
  if (map.knownName !== name) Object.assign(map, { knownName: name, known: map.agreementWith(boxes, threshold) });
  return map.known;
}

function pairsOf(viewer, id) {
  const { own } = viewer;
  const pairs = [];
  for (let a = 0; a < own.length; a++) {
    for (let b = a + 1; b < own.length; b++) pairs.push({ a: letterOf(a), b: letterOf(b), indices: [a, b], ...pairOf(viewer, own[a], own[b], id) });
  }
  return pairs;
}

function pairOf(viewer, paneA, paneB, id) {
  if (paneA.info?.id !== paneB.info?.id) return { why: "another film" };
  const [a, b] = [mapOf(paneA, id)?.map, mapOf(paneB, id)?.map];
  if (!a || !b) return { why: "no map" };
  const name = `${thresholdIn(viewer, a)} ${thresholdIn(viewer, b)}`;
  a.pairs ??= new Map();
  const kept = a.pairs.get(b);
  if (kept?.name === name) return kept.found;
  const found = agreementOfMaps(a, b, thresholdIn(viewer, a), thresholdIn(viewer, b)) ?? { why: "nothing seen by both" };
  a.pairs.set(b, { name, found });
  return found;
}

/** Letters of the best panes by each measure; none without boxes, several when they are equal. */
function winnersOf(panes) {
  const measured = panes.filter(({ known }) => known);
  const found = {};
  for (const [measure] of MEASURES) {
    const values = measured.map(({ known }) => Number(known[measure]));
    const best = Math.max(...values.filter((value) => !Number.isNaN(value)));
    // A miss of all, or one pane alone, is nobody's win.
    const wins = measured.length > 1 && Number.isFinite(best) && (measure === "cnr" || best > 0);
    found[measure] = wins ? measured.filter((_, at) => values[at] >= best - 1e-9).map(({ letter }) => letter) : [];
  }
  return found;
}
