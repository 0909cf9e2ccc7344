// Drop and paste anywhere on the page: files go to the drawer's handover, text into its report box.

const NAME = Symbol.for("radiograph-page");

/** Listen once a page; the newest drawer is the one that is told. */
export function listenToThePage(drawer) {
  const first = !globalThis[NAME];
  globalThis[NAME] ??= {};
  globalThis[NAME].drawer = drawer;
  if (!first) return;
  const told = () => globalThis[NAME].drawer;
  const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const options = { capture: true };
  document.addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    told().invite(true);
  }, options);
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) told().invite(false);
  }, options);
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    event.stopPropagation();
    told().invite(false);
    told().open([...event.dataTransfer.files]);
  }, options);
  document.addEventListener("paste", (event) => {
    if (event.composedPath()[0]?.closest?.("input, textarea, [contenteditable]")) return;
    const files = [...(event.clipboardData?.files ?? [])];
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (files.length) told().open(files);
    else if (text.trim()) told().takeText(text);
    else return;
    event.preventDefault();
  }, options);
}
