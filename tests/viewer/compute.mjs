// Answers questions of test_maths_against_numpy.py: JSON on standard input, JSON on standard output.

import { colourAt } from "../../explorer/ui/components/viewer/js/maths/colour.js";
import { contourLines, refine } from "../../explorer/ui/components/viewer/js/maths/contour.js";
import { score, valueAt } from "../../explorer/ui/components/viewer/js/maths/frame.js";
import { readMessage } from "../../explorer/ui/components/viewer/js/maths/message.js";
import { agreement, measurable } from "../../explorer/ui/components/viewer/js/maths/metrics.js";
import { findRegions, workScore } from "../../explorer/ui/components/viewer/js/maths/regions.js";
import { inflate, unfoldLevels } from "../../explorer/ui/components/viewer/js/maths/pixels.js";
import { greyTable } from "../../explorer/ui/components/viewer/js/maths/window.js";

const answers = {
  map({ grid, frame }) {
    const values = [];
    for (let y = 0; y < frame.imageHeight; y++) {
      for (let x = 0; x < frame.imageWidth; x++) values.push(valueAt(grid, frame, x + 0.5, y + 0.5));
    }
    return values.map((value) => (Number.isNaN(value) ? null : value));
  },
  score: ({ cosines, scale, bias }) => cosines.map((cosine) => score(cosine, scale, bias)),
  grey: ({ window, how, levels }) => {
    const table = greyTable(window, how);
    return levels.map((level) => table[level]);
  },
  colours: ({ name, positions }) => positions.map((position) => colourAt(name, position)),
  agreement: ({ grid, frame, boxes, threshold }) => {
    const map = measurable(Float32Array.from(grid), frame);
    const { cnr, iou, pointing } = agreement(map, boxes, threshold);
    return { cnr: Number.isNaN(cnr) ? null : cnr, iou, pointing };
  },
  regions: ({ cosine, scale, bias, frame, threshold }) => {
    const map = { cosine: Float32Array.from(cosine), scale, bias, frame };
    return findRegions(workScore(map), frame, threshold).regions;
  },
  contour: ({ grid, frame, level }) => contourLines(refine(Float32Array.from(grid), frame), level),
  levels: async ({ message }) => {
    const { body, blob } = readMessage(Uint8Array.from(Buffer.from(message, "base64")));
    const [pane] = body.panes;
    const planes = await inflate(blob(pane.levels));
    return [...unfoldLevels(planes, pane.sentHeight, pane.sentWidth)];
  },
};

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const questions = JSON.parse(Buffer.concat(chunks));
const replies = [];
for (const { ask, ...question } of questions) replies.push(await answers[ask](question));
process.stdout.write(JSON.stringify(replies));
