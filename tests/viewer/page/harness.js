// Builds a viewer of several panes from small synthetic films, without Python or Streamlit.

import { readPhrases } from "/components/viewer/js/ui/maps.js";
import { Viewer } from "/components/viewer/js/ui/viewer.js";

/** A film as the message describes one; its levels rise from left to right and by rows. */
async function film(id, width, height, extra = {}) {
  const levels = new Uint16Array(width * height).map((_, at) => 300 + Math.round((3400 * (at % width)) / width) + (Math.floor(at / width) % 64));
  const info = {
    id, width, height, sentWidth: width, sentHeight: height, reduction: 1, slope: 1, intercept: 0, inverted: false,
    windows: [{ kind: "window", name: "File", center: 2048, width: 4096, function: "LINEAR" }],
    percentiles: { 0: 300, 0.1: 310, 1: 340, 2: 370, 5: 470, 95: 3500, 98: 3630, 99: 3660, 99.9: 3690, 100: 3763 },
    laterality: "R", view: "PA", spacing: null, format: "synthetic", levels: 0, study: "s",
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

/** Show panes, e.g. [{ film: "a", maps: [{ x, y, ... }, ...] }]; resolves when all are drawn. */
window.show = async (specs) => {
  window.viewer ??= new Viewer(document.querySelector(".rgx"));
  const { viewer } = window;
  window.told = [];
  viewer.send = (...what) => window.told.push(what);
  viewer.root.style.setProperty("--viewer-height", "640px");
  while (viewer.panes.length > specs.length) viewer.panes.pop().remove();
  while (viewer.panes.length < specs.length) viewer.addPane();
  viewer.stage.dataset.panes = specs.length;
  for (const [index, spec] of specs.entries()) {
    const { info, packed } = FILMS[spec.film];
    const pane = viewer.panes[index];
    const phrases = readPhrases(spec.maps.map((map, k) => phrase(`s${k}`, map.text ?? `Sentence ${k}.`, FILMS[spec.film], map)), (values) => values);
    await pane.takeRadiograph({ ...info, ...spec.info }, { blob: () => packed, floats: (values) => values });
    Object.assign(pane, { title: spec.title ?? "", phrases, reference: spec.reference ?? [], frame: phrases[0]?.map.frame ?? null });
    pane.touch("view", "map", "tint");
  }
  viewer.phrases = viewer.panes[0].phrases;
  viewer.showPhrase("s0");
  viewer.cards.build(viewer.phrases);
  viewer.schedule();
  await atRest(viewer);
};
/** Until every film is drawn at the size of its element, for some frames. */
async function atRest(viewer) {
  for (let quiet = 0; quiet < 4; ) {
    await new Promise((done) => requestAnimationFrame(done));
    const fits = viewer.panes.every(({ film, size, copies }) => copies && film.clientWidth === size.width && film.clientHeight === size.height);
    quiet = fits && !viewer.frame ? quiet + 1 : 0;
  }
}

window.ready = true;
