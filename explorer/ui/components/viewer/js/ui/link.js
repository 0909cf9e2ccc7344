// An address that opens the same bundled study, phrase, checkpoint and view; never own files.

/** The address of what is on screen, or null for own files. */
export function linkOf(viewer) {
  const { desk } = viewer.desk;
  if (!desk?.link) return null;
  const address = new URL(location.href);
  address.search = "";
  address.searchParams.set("study", desk.link);
  if (viewer.head) address.searchParams.set("checkpoint", viewer.head.checkpoint);
  const phrase = viewer.phrases.find(({ id }) => id === viewer.state.phraseId);
  if (phrase && phrase.kind !== "likeness") address.searchParams.set(phrase.kind === "typed" ? "phrase" : "sentence", phrase.kind === "typed" ? phrase.text : String(phrase.sentence + 1));
  const { view } = viewer.pane ?? {};
  if (view) {
    const numbers = [view.scale, view.x, view.y].map((value) => Number(value.toFixed(3)));
    address.searchParams.set("view", [...numbers, view.turns ?? 0, view.mirrored ? 1 : 0].join(","));
  }
  return address.href;
}

/** What the page's address asks of the viewer, for one bundled study. */
export function linkedTo(study, search = location.search) {
  const asked = new URLSearchParams(search);
  if (!study || asked.get("study") !== study) return null;
  const numbers = (asked.get("view") ?? "").split(",").map(Number);
  const usable = numbers.length === 5 && numbers.every(Number.isFinite) && numbers[0] > 0;
  const [scale, x, y, turns, mirrored] = numbers;
  const sentence = Number(asked.get("sentence"));
  return {
    view: usable ? { scale, x, y, turns: ((Math.round(turns) % 4) + 4) % 4, mirrored: mirrored === 1 } : null,
    phraseId: Number.isInteger(sentence) && sentence > 0 ? `s${sentence - 1}` : null,
  };
}
