// A press on a link to another page, until that page is here.
//
// Streamlit runs the page that its latest message names, and names the page on screen in every
// message of a component: one sent between a press and the arrival of the page would undo the press.

const LINKS = '[data-testid="stPageLink"] a';
const LONGEST = 60_000; // milliseconds: a busy app gets to the page late
const LONGEST_GUESS = 5_000; // where a link only has the focus, and was perhaps not pressed
const EVERY = 50;

let from = null; // path of the page that is being left
let until = 0;
let waiting = [];

/** Run `send` now, or as soon as the page that was pressed is here. */
export function whenHere(send) {
  if (from === null) send();
  else waiting.push(send);
}

/** Whether a link to `target` leads away from the page `here`; the first page's link is empty. */
export function leadsAway(target, here, targets) {
  const name = here.split("/").filter(Boolean).at(-1) ?? "";
  return target === "" ? targets.includes(name) && name !== "" : target !== name;
}

function note(link, longest = LONGEST) {
  if (!link) return;
  const targets = [...document.querySelectorAll(LINKS)].map((each) => each.getAttribute("href"));
  const leaves = leadsAway(link.getAttribute("href"), location.pathname, targets);
  const idle = from === null;
  from = leaves ? location.pathname : null; // a press on the page that is here takes back the one before
  until = performance.now() + longest;
  if (leaves && idle) look();
}

function look() {
  if (from !== null && location.pathname === from && performance.now() < until) {
    setTimeout(look, EVERY);
    return;
  }
  from = null;
  for (const send of waiting.splice(0)) send();
}

function hear(event) {
  const here = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (here) note(event.target.closest?.(LINKS));
}

if (globalThis.document?.addEventListener) {
  document.addEventListener("click", hear, true);
  note(document.activeElement?.closest?.(LINKS), LONGEST_GUESS); // pressed before this module was here
}
