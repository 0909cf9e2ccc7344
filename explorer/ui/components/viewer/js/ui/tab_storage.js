// What a person set and drew, kept by this browser tab over page changes and reloads; never sent.

const NAME = "radiograph-explorer-look";

export function readLook() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null; // nothing kept, or storage is switched off
  }
}

export function keepLook(look) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(look));
  } catch {
    // storage is full or switched off: the look lasts as long as the page
  }
}
