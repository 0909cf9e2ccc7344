"""What a licence of weights allows, in one sentence, and whether a person must accept it first.

The sentences say what this program takes a licence to mean; the licence itself decides.
"""

import re
from dataclasses import dataclass

from explorer.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence.

    Attributes:
        allows: What may be done with the weights, one sentence.
        restricts: Whether it forbids some use, so that a person must accept it before opening.
    """

    allows: str
    restricts: bool


_ANY = "Any use, with the notice of the licence kept."
_NAMED = "Any use, with its makers named."
_NO_TRADE = "No commercial use; its makers must be named."
_KNOWN: dict[str, Licence] = {
    "apache-2.0": Licence(_ANY, restricts=False),
    "mit": Licence(_ANY, restricts=False),
    "bsd-3-clause": Licence(_ANY, restricts=False),
    "cc0-1.0": Licence("Any use.", restricts=False),
    "cc-by-3.0": Licence(_NAMED, restricts=False),
    "cc-by-4.0": Licence(_NAMED, restricts=False),
    "cc-by-sa-4.0": Licence(f"{_NAMED} What is made from it keeps its licence.", restricts=False),
    "cc-by-nc-4.0": Licence(_NO_TRADE, restricts=True),
    "cc-by-nc-sa-4.0": Licence(f"{_NO_TRADE} What is made from it keeps it.", restricts=True),
    "cc-by-nc-nd-4.0": Licence(f"{_NO_TRADE} Nothing made from it may be shared.", restricts=True),
    "msrla": Licence("Research only, under the Microsoft Research terms.", restricts=True),
    "hai-def": Licence(
        "Under the Health AI Developer Foundations terms, which forbid some uses.", restricts=True
    ),
    "none stated": Licence(
        "Nothing: no licence is stated, so only its makers may use it. Ask them.", restricts=True
    ),
}
_UNKNOWN = "Not known to this program; read it before you use or share the checkpoint."
# Words of licences that are not in the table: better to ask once too often.
_RESTRICTING = re.compile(
    r"non-?commercial|\bnc\b|research[ -]only|only for research|no derivatives|\bnd\b|gated|"
    r"proprietary|restricted|terms",
    re.IGNORECASE,
)


def licence_of(text: str) -> Licence:
    """What the licence on a card allows.

    >>> licence_of("MIT").restricts
    False
    >>> licence_of("CC BY-NC 4.0").restricts
    True
    """
    key = re.sub(r"[\s_]+", "-", text.strip().lower()) or "none-stated"
    key = "none stated" if key in ("none-stated", "unknown", "other", "no-licence") else key
    if key in _KNOWN:
        return _KNOWN[key]
    return Licence(_UNKNOWN, restricts=bool(_RESTRICTING.search(text)))


def require_accepted(name: str, licence: str, *, accepted: bool) -> None:
    """Refuse a checkpoint whose licence forbids some use until a person accepted it.

    Raises:
        CheckpointError: With what the licence allows and how to accept it.
    """
    found = licence_of(licence)
    if found.restricts and not accepted:
        raise CheckpointError(
            f"The licence of checkpoint {name!r} must be accepted before it is opened, got "
            f"{licence or 'none stated'!r}. {found.allows} If your use is allowed, run "
            f"`explorer checkpoints accept {name}`."
        )
