// Whether the shown map may be drawn: a raised badge hides it until the person asks to see it.

/** "none": draw it; "hidden": the badge is raised; "shown": raised, and the person wants to see. */
export function doubtOf({ map, phrase, viewer }) {
  if (!map?.controls.abstain) return "none";
  return viewer.state.anyway === phrase.id ? "shown" : "hidden";
}

/** Whether anything of the map is drawn on this pane. */
export function isDrawn(pane) {
  const { state } = pane.viewer;
  return pane.map !== null && state.overlay && !state.hidden && doubtOf(pane) !== "hidden";
}

// Of these the standing among reference films is the reason itself.
const WEAK = ["doubtful", "not above normal films", "unknown phrase"];

/** Why the map should not be read as a location, in plain sentences. */
export function reasonOf({ standing, controls }) {
  const said = WEAK.includes(standing?.grade) ? standing.reason : controls.reasons.join(" ");
  return said || "This map should not be read as a location.";
}

/** The threshold in force: the person's, else the phrase's own. */
export function thresholdOf({ map, viewer }) {
  return viewer.state.threshold ?? map?.threshold ?? null;
}
