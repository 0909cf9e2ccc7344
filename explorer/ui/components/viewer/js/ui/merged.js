// The phrases of all panes as one list: a card shows what each checkpoint makes of its sentence.

/** Letter of a pane on films, cards and tables. */
export function letterOf(index) {
  return "ABCDE"[index] ?? "?";
}

export class Merged {
  kept = new Map();

  /**
   * One entry a phrase: that of the only pane; of several the first with a map, with `each`, the
   * phrase of every pane or null. An entry whose phrases are the same is the same object.
   */
  of(panes) {
    if (panes.length < 2) return panes[0]?.phrases ?? [];
    const known = panes.map(({ phrases }) => new Map(phrases.map((phrase) => [phrase.id, phrase])));
    const ids = new Set(known.flatMap((phrases) => [...phrases.keys()]));
    const entries = [...ids].map((id) => this.entry(id, known.map((phrases) => phrases.get(id) ?? null)));
    this.kept = new Map(entries.map((entry) => [entry.id, entry]));
    return inOrder(entries);
  }

  entry(id, each) {
    const before = this.kept.get(id);
    if (before && before.each.length === each.length && before.each.every((phrase, k) => phrase === each[k])) return before;
    const shown = each.find((phrase) => phrase?.map) ?? each.find(Boolean);
    return { ...shown, each };
  }
}

/** Whether a phrase can be put on screen: it has a map in some pane, or one can be asked for. */
export function isChoosable({ map, pending, each }) {
  return Boolean(map || pending || each?.some((phrase) => phrase?.map || phrase?.pending));
}

/** What was asked for first, the newest on top, then the report in its order. */
export function inOrder(phrases) {
  const asked = phrases.filter(({ kind }) => kind !== "sentence").sort((a, b) => b.order - a.order);
  const report = phrases.filter(({ kind }) => kind === "sentence").sort((a, b) => a.order - b.order);
  return [...asked, ...report];
}

/** The first phrase that stands out, else the first whose map is drawn, else the first with one. */
export function bestStart(phrases) {
  const shown = phrases.filter(isChoosable);
  const drawn = shown.filter(({ map }) => map && !map.controls.abstain);
  return (drawn.find(({ map }) => map.standing?.grade === "stands out") ?? drawn[0] ?? shown[0])?.id ?? null;
}
