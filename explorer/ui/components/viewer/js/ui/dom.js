// Making elements. Text always goes in as text, so nothing in a report can become markup.

/**
 * Create an element.
 * @param {string} tag e.g. "div.card" (classes after dots)
 * @param {Record<string, any>} attributes `text` sets the text, `on*` functions become handlers
 */
export function el(tag, attributes = {}, children = []) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node[key] = value;
    else if (key === "style") Object.assign(node.style, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Change text only when it differs, so that screen readers hear real changes only. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set or remove an attribute. */
export function setAttribute(node, name, value) {
  if (value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Set an input's value unless the person is typing in it. */
export function setValue(input, value) {
  const active = input.getRootNode().activeElement === input && input.type !== "range";
  if (!active && input.value !== String(value)) input.value = value;
}

/** Whether the person asked for less motion. */
export function lessMotion() {
  return globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
