"""Builds one case-insensitive pattern from tables of cue words."""

import re
from collections.abc import Mapping, Sequence

# Words of a cue may be wrapped over a line; the bound keeps long runs of spaces linear.
_GAP = r"[\s]{1,9}"


def compile_cues(groups: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Compile named groups of cues; `match.lastgroup` names the group that matched.

    A cue is a run of words in which a space stands for any white space and `?`, `[]`, `()`
    and `|` keep their meaning in regular expressions (no capturing groups). Earlier groups win;
    inside a group the longer cue wins.

    >>> compile_cues({"negation": ["no", "no evidence of"]}).search("No  evidence of it")[0]
    'No  evidence of'
    """
    parts = []
    for name, cues in groups.items():
        ordered = sorted(cues, key=len, reverse=True)
        alternatives = "|".join(cue.replace(" ", _GAP) for cue in ordered)
        parts.append(f"(?P<{name}>{alternatives})")
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)
