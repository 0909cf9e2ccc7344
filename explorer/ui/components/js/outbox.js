// Requests to Python, each with a serial number: none is lost when two are made before a run.

import { whenHere } from "./leaving.js";

const KEPT = 40;

/** Makes a `post(kind, values)` that sends through a component's `setStateValue`. */
export class Outbox {
  constructor() {
    this.sender = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.serial = 0;
    this.list = [];
    this.set = null; // the component's setStateValue, new on every run
  }

  post(kind, values = {}) {
    this.serial += 1;
    this.list = [...this.list, { from: this.sender, serial: this.serial, kind, ...values }].slice(-KEPT);
    whenHere(() => this.set?.("outbox", this.list));
  }
}
