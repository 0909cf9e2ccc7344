// What the two elements of a viewer share in the browser tab, by the viewer's key.

const NAME = Symbol.for("radiograph-viewer");
const KEPT_IMAGES = 4;

function registry() {
  globalThis[NAME] ??= { viewers: new Map(), feeds: new Map(), images: new Map() };
  return globalThis[NAME];
}

/** A viewer is on the page: give it the maps that already came. */
export function addViewer(key, viewer) {
  const { viewers, feeds } = registry();
  viewers.set(key, viewer);
  if (feeds.has(key)) viewer.takeMaps(feeds.get(key));
}

export function removeViewer(key, viewer) {
  const { viewers } = registry();
  if (viewers.get(key) === viewer) viewers.delete(key);
}

/** New maps came: keep them for a viewer that is still loading, hand them to one that is there. */
export function addMaps(key, message) {
  const { viewers, feeds } = registry();
  // Every rerun of the page comes by here, mostly with the same bytes.
  if (feeds.has(key) && sameBytes(feeds.get(key).bytes, message.bytes)) return;
  feeds.set(key, message);
  viewers.get(key)?.takeMaps(message);
}

export function removeMaps(key) {
  registry().feeds.delete(key);
}

function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
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
