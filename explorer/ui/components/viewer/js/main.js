// The viewer element: one Viewer per place on the page, told of new data on every run.

import { readMessage } from "./maths/message.js";
import { addViewer, removeViewer } from "./registry.js";
import { keepLook, readLook } from "./ui/tab_storage.js";
import { Viewer } from "./ui/viewer.js";

const instances = new WeakMap();

export default function start({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".rgx");
  let viewer = instances.get(root);
  if (!viewer) {
    viewer = new Viewer(root);
    viewer.restore(readLook());
    viewer.keep = keepLook;
    instances.set(root, viewer);
  }
  viewer.outbox.set = setStateValue;
  const message = readMessage(data);
  if (viewer.key !== message.body.key) {
    viewer.key = message.body.key;
    addViewer(viewer.key, viewer);
  }
  viewer.takeFilms(message);
  return () => {
    removeViewer(viewer.key, viewer);
    viewer.close();
    instances.delete(root);
  };
}
