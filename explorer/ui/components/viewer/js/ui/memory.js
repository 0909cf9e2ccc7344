// What a person set and drew, as plain JSON by radiograph: kept over page changes and reloads.

const KEPT_STATE = ["tool", "overlay", "contours", "regions", "quantity", "colours", "opacity", "threshold", "cut", "step"];
const VERSION = 1;
const MOST_FILMS = 24;

export class Memory {
  constructor(viewer) {
    this.viewer = viewer;
    this.films = {};
  }

  /** Everything that `restore` takes, with the radiographs on screen brought up to date. */
  snapshot() {
    const { viewer } = this;
    for (const pane of viewer.panes) if (pane.info && pane.window) this.keep(pane);
    const state = Object.fromEntries(KEPT_STATE.map((name) => [name, viewer.state[name]]));
    if (viewer.lent && state.tool === viewer.lent.tool) state.tool = viewer.lent.before;
    const boxes = viewer.boxes.list.map(({ id, image, box }) => ({ id, image, box }));
    const measures = viewer.measures.list.map(({ kind, image, points }) => ({ kind, image, points }));
    const phrase = { chosen: viewer.chosen, request: viewer.lastRequest ?? null, address: viewer.linkDone ? location.search : null };
    return JSON.parse(JSON.stringify({ version: VERSION, state, films: this.films, boxes, measures, phrase }));
  }

  /** The newest films last; the oldest are forgotten. */
  keep(pane) {
    delete this.films[pane.info.id];
    this.films[pane.info.id] = filmOf(pane);
    for (const id of Object.keys(this.films).slice(0, -MOST_FILMS)) delete this.films[id];
  }

  /** Take a snapshot back; one of another version, or no snapshot at all, changes nothing. */
  restore(json) {
    if (json?.version !== VERSION) return false;
    const { viewer } = this;
    this.films = json.films ?? {};
    for (const name of KEPT_STATE) if (json.state && name in json.state) viewer.state[name] = json.state[name];
    viewer.boxes.restore(json.boxes ?? []);
    viewer.measures.restore(json.measures ?? []);
    const { chosen, request, address } = json.phrase ?? {};
    // Another address than the one it was chosen at is followed first.
    if (chosen) Object.assign(viewer, { chosen, lastRequest: request, linkDone: address === location.search });
    for (const pane of viewer.panes) if (pane.info) apply(this.films[pane.info.id], pane);
    viewer.set({}, "view", "grey", "map", "tint");
    return true;
  }

  /** Give a new pane the view and window its radiograph has in another pane, else had before. */
  applyTo(pane) {
    const twin = this.viewer.panes.find((other) => other !== pane && other.view && other.info?.id === pane.info.id);
    apply(twin ? filmOf(twin) : this.films[pane.info.id], pane);
  }
}

function apply(film, pane) {
  if (!film) return;
  const { window, preset, inverted, view, atFit } = film;
  // A file's own window is taken from the file again: a table does not travel.
  const known = pane.presets[preset];
  Object.assign(pane, { window: known ?? window ?? pane.window, preset: known ? preset : -1, inverted });
  if (view) Object.assign(pane, { view: { ...view }, atFit, resized: true, columns: null });
}

function filmOf({ window, preset, inverted, view, atFit }) {
  return { window: preset >= 0 ? null : window, preset, inverted, view, atFit: Boolean(atFit) };
}
