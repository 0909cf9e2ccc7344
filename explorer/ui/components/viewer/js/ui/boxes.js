// Boxes drawn by hand, their agreement with the shown map, and what of them Python hears.

import { el, setText } from "./dom.js";
import { thresholdOf } from "./doubt.js";
import { belongs } from "./truth.js";

const SEND_AFTER_MS = 600;

export class BoxList {
  constructor(viewer) {
    this.viewer = viewer;
    this.list = [];
    this.count = 0;
    this.told = ""; // what Python heard last
    this.rows = el("tbody");
    this.note = el("p.formula", {
      text:
        "On the cosine map, in pixels of the original, boxes merged. CNR = (mean inside \u2212 mean outside) / " +
        "\u221a(variance inside + variance outside), signed. IoU: boxes against pixels whose score is above the threshold in force. " +
        "Pointing: the map's highest pixel lies inside.",
    });
    const head = [["", ""], ["CNR", "Contrast-to-noise ratio, signed"], ["IoU", "At the threshold in force"], ["Pointing", "Does the highest pixel lie inside?"], ["In", "Mean cosine inside"], ["Out", "Mean cosine outside"]].map(
      ([text, title]) => el("th", { text, title, scope: "col" }),
    );
    this.iou = head[2];
    this.node = el("section.agreement", { "aria-label": "Agreement of map and boxes", hidden: true }, [
      el("table", {}, [
        el("thead", {}, [el("tr", {}, head)]),
        this.rows,
      ]),
      el("details", {}, [el("summary", { text: "How these are computed" }), this.note]),
    ]);
  }

  /** The pane that shows a radiograph now; panes come and go, so a box keeps no pane. */
  paneOf(image) {
    return this.viewer.panes.find((pane) => pane.info?.id === image) ?? null;
  }

  /** Boxes on radiographs that are shown; others come back with their radiograph. */
  get current() {
    return this.list.filter(({ image }) => this.paneOf(image));
  }

  add(pane, box) {
    this.put(pane.info.id, box);
    this.tell();
  }

  put(image, box) {
    this.count += 1;
    this.list.push({ id: `box-${this.count}`, image, box, order: this.viewer.measures.nextOrder() });
  }

  /** Boxes of an earlier visit. */
  restore(boxes) {
    this.list = [];
    for (const { image, box } of boxes) this.put(image, box);
    this.viewer.boxesChanged();
  }

  /** A page begins to search with boxes: it hears of those that lie on the film already. */
  catchUp() {
    const { heard, shown } = this.hearable();
    if (heard !== this.told && (shown.length || this.told)) this.tell();
  }

  hearable() {
    const shown = this.current.map(({ id, image, box }) => ({ id, pane: this.paneOf(image).index, image, box }));
    return { shown, heard: JSON.stringify([this.viewer.panes.map(({ info }) => info?.study), shown]) };
  }

  /** A box of a quarter of what is seen, for people without a pointer. */
  addMiddle(pane) {
    const { view, size, info } = pane;
    const half = [size.width / view.scale / 8, size.height / view.scale / 8];
    const edge = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    this.add(pane, [
      edge(view.x - half[0], info.width),
      edge(view.y - half[1], info.height),
      edge(view.x + half[0], info.width),
      edge(view.y + half[1], info.height),
    ]);
  }

  /** Move or resize the newest box by the keyboard; returns whether there is one. */
  nudge(dx, dy, resize) {
    const newest = this.current.at(-1);
    if (!newest) return false;
    const pane = this.paneOf(newest.image);
    if (!pane.view) return false;
    const step = Math.max(1, Math.round(4 / pane.view.scale));
    const { width, height } = pane.info;
    let [x0, y0, x1, y1] = newest.box;
    if (resize) {
      x1 = Math.min(Math.max(x1 + dx * step, x0 + 3), width);
      y1 = Math.min(Math.max(y1 + dy * step, y0 + 3), height);
    } else {
      const mx = Math.min(Math.max(dx * step, -x0), width - x1);
      const my = Math.min(Math.max(dy * step, -y0), height - y1);
      [x0, y0, x1, y1] = [x0 + mx, y0 + my, x1 + mx, y1 + my];
    }
    newest.box = [x0, y0, x1, y1];
    this.viewer.boxesChanged();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), SEND_AFTER_MS);
    return true;
  }

  deleteNewest() {
    const newest = this.current.at(-1);
    if (!newest) return;
    this.list = this.list.filter((item) => item !== newest);
    this.tell();
  }

  deleteAll() {
    const gone = this.current;
    if (!gone.length) return;
    this.list = this.list.filter((item) => !gone.includes(item));
    this.tell();
  }

  /** Python hears of a box when it is finished, moved to rest, or deleted. */
  tell() {
    this.viewer.boxesChanged();
    const { heard, shown } = this.hearable();
    if (this.viewer.send?.("boxes", shown)) this.told = heard;
  }

  /** Linked panes show all boxes of the same radiograph, and the one being drawn. */
  shownOn(pane) {
    const boxes = this.list.filter((item) => item.image === pane.info?.id);
    const shown = boxes.map((item, index) => ({ box: item.box, number: index + 1 }));
    const { draft } = this.viewer.state;
    return draft && draft.image === pane.info?.id ? [...shown, { box: draft.box, draft: true }] : shown;
  }

  refresh() {
    const { pane } = this.viewer;
    const { map, phrase } = pane ?? {};
    const drawn = map && pane.info ? this.shownOn(pane).map(({ box }) => box) : [];
    const reference = map
      ? pane.reference.filter((reference) => belongs(reference, phrase))
      : [];
    const rows = [];
    if (drawn.length) rows.push([drawn.length === 1 ? "Your box" : `Your ${drawn.length} boxes`, drawn]);
    if (reference.length) rows.push(["Reference", reference.map(({ box }) => box)]);
    // The tab of several panes has the same numbers for all of them.
    this.node.hidden = rows.length === 0 || this.viewer.panel.tab === "compare";
    if (rows.length) setText(this.iou, `IoU at ${thresholdOf(pane).toFixed(2)}`);
    while (this.rows.children.length > rows.length) this.rows.lastChild.remove();
    rows.forEach(([label, boxes], index) => this.measure(index, label, boxes, map, thresholdOf(pane)));
    if (drawn.length) pane.marks.dataset.cnr = this.rows.children[0].children[1].textContent;
  }

  /** Measure again only when boxes, map or threshold changed. */
  measure(index, label, boxes, map, threshold) {
    const name = `${label} ${threshold} ${boxes.join(" ")}`;
    const row = this.rows.children[index];
    if (row && row.measuredMap === map && row.measuredName === name) return;
    this.fill(index, label, map.agreementWith(boxes, threshold));
    Object.assign(this.rows.children[index], { measuredMap: map, measuredName: name });
  }

  fill(index, label, { cnr, iou, pointing, meanIn, meanOut }) {
    if (!this.rows.children[index]) {
      const cells = [el("th", { scope: "row" }), ...Array.from({ length: 5 }, () => el("td"))];
      this.rows.append(el("tr", {}, cells));
    }
    const shown = [label, number(cnr), number(iou), pointing ? "hit" : "miss", number(meanIn), number(meanOut)];
    shown.forEach((text, column) => setText(this.rows.children[index].children[column], text));
  }
}

function number(value) {
  if (Number.isNaN(value)) return "\u2013";
  return value.toFixed(2).replace("-", "\u2212");
}
