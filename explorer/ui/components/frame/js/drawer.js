// The drawer: one place for films and report, and the bundled studies.

import { Outbox } from "../../js/outbox.js";
import { endOpening, opening, pictures, startOpening } from "../../js/tab.js";
import { thumbnail } from "../../js/thumbnail.js";
import { el, setText } from "../../viewer/js/ui/dom.js";
import { Handover } from "./handover.js";

export class Drawer {
  constructor(root) {
    this.outbox = new Outbox();
    this.handover = new Handover();
    this.button = el("button.open", { type: "button", text: "Open study", onclick: () => this.dialog.showModal() });
    this.title = el("span.title");
    this.alert = el("div.toast", { role: "alert", hidden: true });
    this.target = el("div.target", { popover: "manual", text: "Drop radiographs and their report to open them" });
    this.dialog = this.makeDialog();
    root.replaceChildren(this.button, this.title, this.alert, this.dialog, this.target);
  }

  makeDialog() {
    this.input = el("input", { type: "file", multiple: true, id: "own-files", onchange: () => this.choose() });
    this.rule = el("span.small");
    this.text = el("textarea", {
      id: "report-text", rows: "5", placeholder: "Paste the report here, or leave it empty and type phrases later.",
      oninput: () => this.refresh(),
    });
    this.use = el("button.plain", { type: "button", text: "Use for the study on screen", onclick: () => this.useText() });
    this.joins = el("input", { type: "checkbox" });
    this.joinsRow = el("label.check", {}, [this.joins, el("span", { text: "Add to the study on screen (another view or a prior film)" })]);
    this.list = el("ul.bundled");
    const close = el("button.plain", { type: "button", text: "Close", onclick: () => this.dialog.close() });
    const node = el("dialog.drawer", { "aria-label": "Open a study" }, [
      el("header", {}, [el("h2", { text: "Open a study" }), close]),
      el("label.zone", { for: "own-files" }, [
        this.input,
        el("strong", { text: "Choose radiographs and their report" }),
        el("span", { text: "or drop or paste them anywhere on the page" }),
        this.rule,
      ]),
      this.joinsRow,
      el("label.name", { for: "report-text", text: "Report" }),
      this.text,
      el("div.row", {}, [this.use, el("span.small", { text: "or it goes with the radiograph you open next" })]),
      el("p.small", { text: "Files stay in the memory of this process: nothing is written to disk, logged or sent on." }),
      el("h3", { text: "Bundled studies" }),
      el("p.small", { text: "Computer-made radiographs (phantoms) with a report and known findings, to try things on. No patient is shown." }),
      this.list,
    ]);
    node.onclick = (event) => event.target === node && node.close(); // the backdrop
    return node;
  }

  // --- what Python says ----------------------------------------------------------------------

  take(body) {
    const arrived = this.body && body.opening !== this.body.opening;
    this.body = body;
    if (arrived) {
      endOpening();
      this.dialog.close();
      if (!body.failed) this.alert.hidden = true;
    }
    setText(this.rule, `DICOM, PNG, JPEG or TIFF, up to ${body.megabytes} MB each; the report as plain text`);
    this.refresh();
  }

  refresh() {
    if (!this.body) return;
    const { title, own, study } = this.body;
    setText(this.title, opening() ?? title);
    this.title.title = this.title.textContent;
    this.joinsRow.hidden = !own;
    if (!own) this.joins.checked = false;
    this.use.disabled = !study || !this.text.value.trim();
    const state = JSON.stringify([this.body.bundled, this.body.name, [...pictures().keys()]]);
    if (state === this.listed) return;
    this.listed = state;
    this.list.replaceChildren(...this.body.bundled.map((item) => this.bundled(item)));
  }

  bundled({ name, title, description, badge, tone }) {
    const picture = pictures().get(name);
    const shown = name === this.body.name;
    const words = el("span.words", {}, [
      el("span.head", {}, [el("strong", { text: title }), el(`span.badge.${tone}`, { text: badge })]),
      el("span.small", { text: description }),
    ]);
    const button = el("button.study", {
      type: "button", "aria-current": shown ? "true" : null, "aria-label": `Open the bundled study ${title}`,
      onclick: () => this.openBundled(name, title),
    }, [picture ? thumbnail(picture.grey, picture.side) : el("span.thumbnail"), words]);
    return el("li", {}, [button]);
  }

  // --- what a person does --------------------------------------------------------------------

  /** Show where files may be dropped while they hang over the page. */
  invite(on) {
    if (on === this.target.matches(":popover-open")) return;
    if (on) this.target.showPopover();
    else this.target.hidePopover();
  }

  openBundled(name, title) {
    this.dialog.close();
    startOpening(`Opening ${title}`);
    this.outbox.post("bundled", { text: name });
  }

  choose() {
    const files = [...this.input.files];
    this.input.value = ""; // the same file can be chosen again
    if (files.length) this.open(files);
  }

  /** Open files, with the text of the report box when there is some. */
  open(files) {
    const { mostFiles, megabytes } = this.body;
    const fitting = files.filter((file) => file.size <= megabytes * 2 ** 20);
    const large = files.filter((file) => !fitting.includes(file)).map(({ name }) => name);
    if (files.length > mostFiles) return this.say(`At most ${mostFiles} files are opened at once, got ${files.length}. Choose those of one study.`);
    if (large.length) this.say(`Left out, larger than ${megabytes} MB: ${large.join(", ")}.`);
    else this.alert.hidden = true;
    if (!fitting.length) return undefined;
    const joins = this.joins.checked && this.body.own;
    const text = this.text.value.trim();
    if (text) fitting.push(new File([text], "Report text", { type: "text/plain" }));
    this.text.value = "";
    this.joins.checked = false;
    this.dialog.close();
    startOpening(`Opening ${fitting.length === 1 ? fitting[0].name : `${fitting.length} files`}`);
    return this.handover.give(fitting, joins);
  }

  /** Pasted text waits in the report box: only the person knows which film it belongs to. */
  takeText(text) {
    this.text.value = text;
    this.refresh();
    if (!this.dialog.open) this.dialog.showModal();
    this.text.focus();
  }

  useText() {
    const text = this.text.value.trim();
    startOpening("Reading the report");
    this.text.value = "";
    this.dialog.close();
    this.outbox.post("report", { text });
  }

  say(text) {
    this.alert.replaceChildren(
      el("span", { text }),
      el("button.plain", { type: "button", text: "Dismiss", onclick: () => (this.alert.hidden = true) }),
    );
    this.alert.hidden = false;
  }
}
