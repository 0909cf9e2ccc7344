// One plain verdict for a phrase: where its score stands among reference films, and why.

/** Short words, a tone for the colour, and the reason. @param {object | null} map */
export function verdictOf(map, assertion = "present") {
  if (!map) return { words: "not about the image", tone: "quiet", reason: "Nothing on a radiograph answers to this sentence." };
  if (map.source) return { words: map.source, tone: "quiet", reason: map.note };
  const { standing, controls } = map;
  const grade = standing?.grade ?? "no reference";
  if (grade === "unknown phrase") return { words: "the model does not know this", tone: "bad", reason: standing.reason };
  if (assertion === "normal") return { words: "called normal", tone: "quiet", reason: "The report calls this normal; the map shows where the model looks." };
  if (assertion === "absent") return { words: "said to be absent", tone: "quiet", reason: absentReason(standing) };
  if (grade === "no reference") {
    return controls.abstain
      ? { words: "doubtful", tone: "middle", reason: controls.reasons[0] ?? "" }
      : { words: "has a region", tone: "good", reason: "This checkpoint has no reference films to compare with." };
  }
  const tone = { "stands out": "good", doubtful: "middle", "not above normal films": "bad" }[grade];
  const other = controls.reasons.filter((reason) => reason !== standing.reason);
  if (controls.abstain && grade === "stands out") return { words: "doubtful", tone: "middle", reason: other[0] ?? standing.reason };
  return { words: grade, tone, reason: standing.reason };
}

function absentReason(standing) {
  if (!standing || standing.amongNormal === null || standing.amongNormal === undefined) return "The report says it is not there; the map shows where the model looks.";
  return `The report says it is not there. ${standing.reason}`;
}

/** Length of the gauge in [0, 1]: share of normal reference films with a lower score; null where it would mean nothing. */
export function gaugeOf(map) {
  if (map?.standing?.grade === "unknown phrase") return null;
  const share = map?.standing?.amongNormal;
  return typeof share === "number" && Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : null;
}
