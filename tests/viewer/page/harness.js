// Builds a viewer of several panes from small synthetic films, without Python or Streamlit.

import { addPart, addViewer } from "/components/viewer/js/registry.js";
import { Viewer } from "/components/viewer/js/ui/viewer.js";

/** A film as the message describes one; its levels rise from left to right and by rows. */
async function film(id, width, height, extra = {}) {
  const levels = new Uint16Array(width * height).map((_, at) => 300 + Math.round((3400 * (at % width)) / width) + (Math.floor(at / width) % 64));
  const info = {
    id, width, height, sentWidth: width, sentHeight: height, reduction: 1, slope: 1, intercept: 0, inverted: false,
    windows: [{ kind: "window", name: "File", center: 2048, width: 4096, function: "LINEAR" }],
    percentiles: { 0: 300, 0.1: 310, 1: 340, 2: 370, 5: 470, 95: 3500, 98: 3630, 99: 3660, 99.9: 3690, 100: 3763 },
    laterality: "R", view: "PA", spacing: null, format: "synthetic", levels: id, study: "s",
    ...extra,
  };
  return { info, packed: await pack(levels, width, height) };
}

/** The inverse of `unfoldLevels`, deflated. */
async function pack(levels, width, height) {
  const planes = new Uint8Array(2 * levels.length);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0, before = 0; column < width; column++, at++) {
      const step = ((levels[at] - before) << 16) >> 16;
      const folded = ((step << 1) ^ (step >> 15)) & 0xffff;
      planes[at] = folded & 255;
      planes[levels.length + at] = folded >> 8;
      before = levels[at];
    }
  }
  const stream = new Blob([planes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A phrase whose cosine is a bump at (x, y), shares of the film, over a floor. */
function phrase(id, text, { info }, { x, y, peak = 0.6, floor = 0.1, color = "#ff8ad8", abstain = false, extra = {} }) {
  const side = 16;
  const cosine = Float32Array.from({ length: side * side }, (_, at) => {
    const dx = ((at % side) + 0.5) / side - x;
    const dy = (Math.floor(at / side) + 0.5) / side - y;
    return floor + (peak - floor) * Math.exp(-(dx * dx + dy * dy) / 0.02);
  });
  const frame = {
    imageHeight: info.height, imageWidth: info.width, inputRows: 256, inputColumns: 256, gridRows: side, gridColumns: side,
    scaleX: 256 / info.width, scaleY: 256 / info.height, offsetX: 0, offsetY: 0,
  };
  return {
    id, text, kind: "sentence", assertion: "present", section: "Findings", color, sentence: Number(id.slice(1)), order: Number(id.slice(1)),
    map: {
      phrase: text, cosine, frame, scale: 12, bias: -4, score: 0.8, threshold: 0.5, rule: "fixed",
      controls: { nonsense: 0.1, negated: null, swapped: null, sensitivity: 0.8, nullZ: 3, abstain, reasons: abstain ? ["Weaker than in 62 of 100 normal films."] : [] },
      regions: [], ...extra,
    },
  };
}

const FILMS = {
  a: await film("film-a", 640, 800, { spacing: { row: 0.5, column: 0.25, source: "PixelSpacing, calibrated by geometry" } }),
  b: await film("film-b", 500, 400, { laterality: null }),
};

const DESK = { title: "", link: null, thumbnails: [], index: 0, problems: [], failed: false, back: null, looseReport: null, longestPhrase: 200, mostTyped: 24 };
const KEY = "k";
let run = 0;

/** Show panes, e.g. [{ film: "a", maps: [{ x, y, ... }, ...] }]; resolves when all are drawn. */
window.show = async (specs) => {
  window.viewer ??= new Viewer(document.querySelector(".rgx"));
  const { viewer } = window;
  window.told = [];
  Object.assign(viewer, { key: KEY, send: (...what) => window.told.push(what) });
  addViewer(KEY, viewer);
  run += 1;
  const floats = (values) => values;
  const blob = (id) => Object.values(FILMS).find(({ info }) => info.id === id).packed;
  specs.forEach((spec, pane) => {
    for (const part of partsOf(spec, pane)) addPart({}, { body: part, floats });
  });
  const panes = specs.map(({ film, info }) => ({ ...FILMS[film].info, ...info }));
  viewer.takeFilms({ body: { key: KEY, panes, desk: DESK }, blob, floats });
  await atRest(viewer);
  viewer.showPhrase("s0");
  await atRest(viewer);
};

/** A newer run of one pane as Python sends it: the head at once, its phrases with `window.finish()`. */
window.begin = (spec) => {
  run += 1;
  const floats = (values) => values;
  const [head, report] = partsOf(spec, 0);
  addPart({}, { body: head, floats });
  window.finish = () => addPart({}, { body: report, floats });
};

/** What Python would send for one pane: the head, then the phrases. */
function partsOf({ film, maps, title = "", reference = [], failed = "", refused = "" }, pane) {
  const place = { key: KEY, study: "s", film: FILMS[film].info.id, space: "x", run, pane };
  const phrases = maps.map((map, k) => phrase(`s${k}`, map.text ?? `Sentence ${k}.`, FILMS[film], map));
  const head = { title, checkpoint: "x", frame: phrases[0]?.map.frame ?? null, refused, failed, notes: [], reference, total: phrases.length, bound: 1000, nullPeaks: [], cost: "", asked: null };
  return [{ ...place, part: "head", ...head }, { ...place, part: "report", phrases }];
}

/** Until every film is drawn at the size of its element, for some frames. */
async function atRest(viewer) {
  for (let quiet = 0; quiet < 4; ) {
    await new Promise((done) => requestAnimationFrame(done));
    const fits = viewer.panes.every(({ film, size, copies }) => copies && film.clientWidth === size.width && film.clientHeight === size.height);
    quiet = fits && !viewer.frame ? quiet + 1 : 0;
  }
}

window.ready = true;
