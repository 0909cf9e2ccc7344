// The pictures of bundled studies, which come after everything else.

import { takePictures } from "../../js/tab.js";
import { readMessage } from "../../viewer/js/maths/message.js";

export default function pictures({ data }) {
  const message = readMessage(data);
  takePictures(
    Object.entries(message.body.pictures).map(([name, { side, grey }]) => [name, { side, grey: message.blob(grey).slice() }]),
  );
}
