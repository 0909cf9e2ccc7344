// Brings a part of the page into view: when that is asked for anew, and when the page is.

const SETTLES = [0, 150, 500, 1200]; // ms: pictures above it may come late and push it away
const PATIENCE = 3000;
const asked = new WeakMap();

export default function start({ data, parentElement }) {
  const root = parentElement.querySelector("span");
  if (asked.get(root) === data.serial) return;
  asked.set(root, data.serial);
  // Not ended with this call: the page may be run again while its pictures still come.
  if (data.place) follow(`.st-key-${CSS.escape(data.place)}`);
}

/** Look until the part is there; a person who scrolls or types meanwhile is left alone. */
function follow(selector) {
  const timers = [];
  const stop = () => timers.forEach(clearTimeout);
  for (const kind of ["wheel", "touchmove", "pointerdown", "keydown"])
    addEventListener(kind, stop, { once: true, capture: true, passive: true });
  const end = performance.now() + PATIENCE;
  const look = () => {
    const part = document.querySelector(selector);
    if (part) for (const wait of SETTLES) timers.push(setTimeout(() => show(selector), wait));
    else if (performance.now() < end) timers.push(setTimeout(look, 50));
  };
  timers.push(setTimeout(look, 0));
}

/** Scroll only where less than half of the window below its top is in view. */
function show(selector) {
  const part = document.querySelector(selector);
  const page = part?.closest(".stMain");
  if (!page) return;
  const bar = Math.max(0, document.querySelector(".st-key-bar")?.getBoundingClientRect().bottom ?? 0);
  const { top, bottom } = part.getBoundingClientRect();
  const seen = top >= bar && (bottom <= innerHeight || top < bar + (innerHeight - bar) / 2);
  if (!seen) page.scrollBy({ top: top - bar - 12, behavior: "instant" });
}
