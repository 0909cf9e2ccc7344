// What the elements of a viewer share in the browser tab: its films, and the parts of its results.
//
// Streamlit delivers elements one by one and keeps old ones until a run ends, so at any moment the
// parts here may belong to different studies. `results` joins only what names the same place.

const NAME = Symbol.for("radiograph-viewer");
const KEPT_IMAGES = 4;

function registry() {
  globalThis[NAME] ??= { viewers: new Map(), feeds: new Map(), images: new Map() };
  return globalThis[NAME];
}

/** A viewer is on the page: it is told whenever a part comes or goes. */
export function addViewer(key, viewer) {
  registry().viewers.set(key, viewer);
}

export function removeViewer(key, viewer) {
  const { viewers } = registry();
  if (viewers.get(key) === viewer) viewers.delete(key);
}

/** A part came; `owner` is the element that brought it, and takes it away. */
export function addPart(owner, message) {
  const { feeds, viewers } = registry();
  feeds.set(owner, message);
  viewers.get(message.body.key)?.partsChanged();
}

export function removePart(owner) {
  const { feeds, viewers } = registry();
  const message = feeds.get(owner);
  if (!feeds.delete(owner)) return;
  viewers.get(message.body.key)?.partsChanged();
}

/** All parts for a viewer that are in the tab now. */
export function partsOf(key) {
  return [...registry().feeds.values()].filter(({ body }) => body.key === key);
}

/**
 * The parts that belong to one film of one opening: of its newest run, each once.
 * @param {{body: {study: string, film: string, pane: number, run: number, part: string}}[]} parts
 * @param {{study: string, film: string, pane: number}} place
 * @returns {{run: number, parts: Map<string, any>} | null} null when nothing belongs to it
 */
export function results(parts, { study, film, pane }) {
  const own = parts.filter(({ body }) => body.study === study && body.film === film && body.pane === pane);
  if (!own.length) return null;
  const run = Math.max(...own.map(({ body }) => body.run));
  return { run, parts: new Map(own.filter(({ body }) => body.run === run).map((part) => [part.body.part, part])) };
}

/** Decoded levels by image id; `make` runs once, the last few are kept. */
export function sharedImage(id, make) {
  const { images } = registry();
  if (!images.has(id)) {
    images.set(id, make());
    images.get(id).catch(() => images.delete(id));
  }
  const image = images.get(id);
  images.delete(id);
  images.set(id, image);
  while (images.size > KEPT_IMAGES) images.delete(images.keys().next().value);
  return image;
}
