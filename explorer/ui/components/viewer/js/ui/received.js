// What Python sends, put together: films, and for each the results of its own opening and run.

import { partsOf, results } from "../registry.js";
import { linkedTo } from "./link.js";
import { DifferencePane } from "./difference_pane.js";
import { LinkedPanes } from "./linked.js";
import { readPhrases } from "./maps.js";
import { bestStart, inOrder, isChoosable, Merged } from "./merged.js";
import { Pane } from "./pane.js";
import { listenToPointer } from "./pointer.js";

const ASK_AFTER_MS = 250; // a hand that pages through phrases asks for the last one only

export class Received extends LinkedPanes {
  phrases = []; // of all panes: typed ones first, newest on top, then the report
  head = null; // what is known before any phrase, of the first pane that has something
  merged = new Merged();
  askedSources = new Set();
  chosen = { study: null, name: null }; // by a person: it outlasts a run in which it is not there yet
  setup = null; // what the panes are set to and can be set to, on Compare

  takeFilms(message) {
    const { panes, desk } = message.body;
    this.dropDifference();
    while (this.panes.length > panes.length) this.panes.pop().remove();
    while (this.panes.length < panes.length) this.addPane(new Pane(this, this.panes.length));
    this.panesChanged();
    const ids = panes.map(({ study, id }) => `${study} ${id}`).join(" ");
    if (ids !== this.filmIds) {
      this.filmIds = ids;
      this.leaving = null;
      Object.assign(this.state, { hover: null, lens: null, draft: null, active: 0 });
    }
    this.desk.take(desk, message);
    panes.forEach((info, index) =>
      this.panes[index].takeRadiograph(info, message).catch(() => this.panes[index].failed()),
    );
    this.lastFilms = message;
    const draws = desk.tells?.includes("boxes");
    this.lendTool(draws ? "box" : null);
    if (draws) this.boxes.catchUp();
    if (panes.length) this.followLink(desk.link);
    if (this.state.difference) this.addDifference();
    this.partsChanged();
    this.schedule();
  }

  /** Panes that show results; a difference of two of them may come behind. */
  get own() {
    return this.panes.filter(({ isDifference }) => !isDifference);
  }

  panesChanged() {
    for (const pane of this.panes) pane.resized = true;
    this.stage.dataset.panes = this.panes.length;
  }

  dropDifference() {
    if (this.panes.at(-1)?.isDifference) this.panes.pop().remove();
    this.panesChanged();
  }

  /** A last pane with the difference of two others; a pair that is not there is the first two. */
  addDifference() {
    this.dropDifference();
    const { pair } = this.state.difference;
    const count = this.own.length;
    if (count < 2) return;
    if (pair.some((index) => index >= count)) this.state.difference.pair = [0, 1];
    const pane = new DifferencePane(this, this.panes.length);
    this.addPane(pane);
    this.panesChanged();
    const film = this.own[this.state.difference.pair[0]].info;
    pane.takeRadiograph(film, this.lastFilms).catch(() => pane.failed());
  }

  addPane(pane) {
    this.panes.push(pane);
    this.stage.append(pane.node);
    listenToPointer(pane.marks, pane, this);
    pane.marks.addEventListener("focus", () => (this.state.active = pane.isDifference ? 0 : pane.index));
  }

  /** Another film of the study was asked for: this one goes at once. */
  leaveFilm() {
    this.leaving = "Opening the radiograph";
    this.schedule();
  }

  /** Parts came or went: one rebuild for all that come before the next frame. */
  partsChanged() {
    if (this.collecting) return;
    this.collecting = true;
    queueMicrotask(() => {
      this.collecting = false;
      this.collect();
    });
  }

  /** Give every pane the results of its own film and opening, and nothing else. */
  collect() {
    const parts = partsOf(this.key);
    this.setup = setupOf(parts, this.panes[0]?.info.study);
    this.own.forEach((pane, index) => {
      const { study, id } = pane.info;
      const found = results(parts, { study, film: id, pane: index });
      const head = found?.parts.get("head") ?? null;
      pane.take(found && head ? { head: head.body, ...phrasesOf(found.parts) } : null);
    });
    const heads = this.own.map(({ head }) => head).filter(Boolean);
    const head = heads.find(({ failed }) => !failed) ?? heads[0] ?? null;
    Object.assign(this, { head, phrases: this.merged.of(this.own), waiting: !head });
    const before = this.state.phraseId;
    this.selectPhrase(head);
    this.cards.build(this.phrases);
    this.askSources();
    // The card of what is drawn is in view, also where nobody pressed it.
    if (this.asked || this.state.phraseId !== before) this.cards.reveal();
    this.schedule();
  }

  /** Ask for the map of the phrase in view where a pane's source makes one at a time. */
  askSources() {
    clearTimeout(this.asking);
    const wanted = this.own.filter(({ phrase }) => isWaiting(phrase));
    if (!wanted.length) return;
    this.asking = setTimeout(() => {
      for (const pane of wanted.filter(({ phrase }) => isWaiting(phrase))) {
        const name = `${pane.head.study} ${pane.head.run} ${pane.index} ${pane.phrase.id}`;
        if (this.askedSources.has(name)) continue;
        this.askedSources.add(name);
        this.post("source", { pane: pane.index, text: pane.phrase.id });
      }
    }, ASK_AFTER_MS);
  }

  /** Follow the address of the page, its sentence and its view, until a person chooses another sentence. */
  followLink(study) {
    this.linked = this.linkDone ? null : linkedTo(study);
    const [pane] = this.panes;
    if (!this.linked?.view || this.linkedFilm === pane.info.id) return;
    this.linkedFilm = pane.info.id; // a view is set once: afterwards it is the hand's
    Object.assign(pane, { view: this.linked.view, atFit: false });
  }

  /** Remember what was chosen: it goes before what the page's address asks for. */
  keepChoice(study, phraseId) {
    Object.assign(this, { chosen: { study, name: nameOf(phraseId) }, linked: null, linkDone: true });
  }

  /** Keep the chosen phrase; on a new study start with what was asked, else what stands out. */
  selectPhrase(head) {
    const known = (id) => this.phrases.some((phrase) => phrase.id === id && isChoosable(phrase));
    const own = head && this.chosen.study === head.study;
    const chosen = own && this.phrases.find((phrase) => nameOf(phrase.id) === this.chosen.name && isChoosable(phrase));
    const request = head?.asked && `${head.study} ${head.asked.number}`;
    this.asked = Boolean(request) && request !== this.lastRequest && known(head.asked.phrase);
    if (this.asked) {
      this.lastRequest = request;
      this.keepChoice(head.study, head.asked.phrase);
      this.showPhrase(head.asked.phrase);
    } else if (this.linked?.phraseId && known(this.linked.phraseId)) {
      this.showPhrase(this.linked.phraseId);
    } else if (chosen) this.showPhrase(chosen.id);
    else this.showPhrase(bestStart(this.phrases)); // until a person chooses, a later piece may bring a better start
  }

  get typed() {
    return this.phrases.filter(({ kind }) => kind === "typed");
  }

  /** How many sentences of the report came. */
  get done() {
    return this.phrases.filter(({ kind }) => kind === "sentence").length;
  }
}

/** A name of a phrase that can be kept in the tab: typed words stay out of its storage. */
export function nameOf(id) {
  if (!id?.startsWith("t:")) return id;
  let hash = 0x811c9dc5; // FNV-1a
  for (const letter of id) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  return `t#${(hash >>> 0).toString(16)}`;
}

/** Whether a map is to be asked for: one that was stopped has a note, and waits for a press. */
function isWaiting(phrase) {
  return Boolean(phrase?.pending && !phrase.note);
}

/** What the panes of one opening are set to, the newest; null where nothing can be set. */
function setupOf(parts, study) {
  const found = parts.map(({ body }) => body).filter((body) => body.part === "setup" && body.study === study);
  return found.sort((a, b) => b.run - a.run)[0] ?? null;
}

/** The phrases and word shares among the parts of one run. */
function phrasesOf(parts) {
  const phrases = [];
  const words = new Map();
  for (const part of parts.values()) {
    if (part.body.phrases) {
      for (const phrase of (part.read ??= readPhrases(part.body.phrases, part.floats))) {
        // A map of another source comes after the promise of it.
        const at = phrases.findIndex(({ id }) => id === phrase.id);
        if (at < 0) phrases.push(phrase);
        else if (phrases[at].pending) phrases[at] = { ...phrase, order: phrases[at].order };
      }
    }
    if (part.body.words) words.set(part.body.phrase, { ...words.get(part.body.phrase), [part.body.way]: part.body });
  }
  return { phrases: inOrder(phrases), words };
}
