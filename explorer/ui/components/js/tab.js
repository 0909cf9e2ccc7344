// What the drawer and the viewer share in this browser tab: which study is being opened.

const NAME = Symbol.for("radiograph-tab");

function shared() {
  globalThis[NAME] ??= { opening: null, listeners: new Set(), pictures: new Map() };
  return globalThis[NAME];
}

/** A study is being opened: the one on screen is taken away until another one arrives. */
export function startOpening(label) {
  shared().opening = label;
  tellAll();
}

/** The study arrived, failed, or the person thought better of it. */
export function endOpening() {
  if (shared().opening === null) return;
  shared().opening = null;
  tellAll();
}

export function opening() {
  return shared().opening;
}

/** Be told when that changes; returns how to stop. */
export function onOpening(listener) {
  shared().listeners.add(listener);
  return () => shared().listeners.delete(listener);
}

function tellAll() {
  for (const listener of shared().listeners) listener();
}

/** Small grey pictures of bundled studies, by name. */
export function pictures() {
  return shared().pictures;
}

export function takePictures(found) {
  for (const [name, picture] of found) shared().pictures.set(name, picture);
  tellAll();
}
