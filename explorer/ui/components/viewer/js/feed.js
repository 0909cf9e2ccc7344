// The feed element: hands maps and sentences to the viewer of the same key.

import { readMessage } from "./maths/message.js";
import { addMaps, removeMaps } from "./registry.js";

export default function feed({ data }) {
  const message = readMessage(data);
  addMaps(message.body.key, message);
  return () => removeMaps(message.body.key);
}
