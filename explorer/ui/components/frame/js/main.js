// The study's name in the bar, and the drawer behind it.

import { whenHere } from "../../js/leaving.js";
import { onOpening } from "../../js/tab.js";
import { readMessage } from "../../viewer/js/maths/message.js";
import { Drawer } from "./drawer.js";
import { listenToThePage } from "./page.js";

const instances = new WeakMap();
let tabTold = false;

export default function start({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".frame");
  let drawer = instances.get(root);
  if (!drawer) {
    drawer = new Drawer(root);
    instances.set(root, drawer);
    drawer.stop = onOpening(() => drawer.refresh());
  }
  drawer.outbox.set = setStateValue;
  drawer.tell = setStateValue; // new on every run
  listenToThePage(drawer);
  drawer.take(readMessage(data).body);
  if (!tabTold) {
    tabTold = true;
    const name = tabName();
    whenHere(() => drawer.tell("tab", name));
  }
  return () => {
    drawer.stop();
    instances.delete(root);
  };
}

/** A random name in the tab's own storage: a reload keeps it, another tab does not see it. */
function tabName() {
  const key = "radiograph-explorer-tab";
  try {
    let name = sessionStorage.getItem(key);
    if (!name) {
      name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      sessionStorage.setItem(key, name);
    }
    return name;
  } catch {
    return ""; // storage is switched off: the tab works and forgets on reload
  }
}
