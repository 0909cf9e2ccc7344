"""Report text to sections, sentences and phrases with their assertion."""

from explorer.text.assertion import phrase_assertion
from explorer.text.findings import mentions
from explorer.text.normality import states_normal
from explorer.text.report import MAX_CHARACTERS, read_report
from explorer.text.rewrite import NONSENSE_PHRASES, NULL_PHRASES, negated, side_swapped

__all__ = [
    "MAX_CHARACTERS",
    "NONSENSE_PHRASES",
    "NULL_PHRASES",
    "mentions",
    "negated",
    "phrase_assertion",
    "read_report",
    "side_swapped",
    "states_normal",
]
