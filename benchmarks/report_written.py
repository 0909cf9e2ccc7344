"""How many report texts are read right at first sight, and how many since?

usage: python benchmarks/report_written.py

The texts of tests/data/written_reports.csv were written in the ways of radiologists (templates,
dictation, telegraphic notes, addenda, wet reads), a kind beside its negative, and labelled by
hand before the reader saw them: set by set, the rules changed in between. What it made of
each at first is kept beside the label; what it makes of them now is read anew.
"""

import sys
from typing import Any

from _report import ROOT, write_report

sys.path.insert(0, str(ROOT))

from tests.text.written import misread, written_reports

PROTOCOL = (
    "Report texts of one or a few sentences, written and labelled by one person who knew the "
    "rules, before the reader was run on them. A text is right when every phrase that the label "
    "names has the assertion, and where given the side and section, of the label. `at_first`: "
    "share read right before any rule was changed for the set; `now`: with the rules of the commit."
)


def main() -> None:
    """Count, print and write the JSON."""
    cases = written_reports()
    results: dict[str, Any] = {}
    for group in sorted({case.group for case in cases}):
        own = [case for case in cases if case.group == group]
        first = sum(case.right_at_first for case in own)
        now = sum(not misread(case) for case in own)
        results[f"set {group}"] = {
            "n": len(own),
            "right_at_first": first,
            "at_first": round(first / len(own), 3),
            "right_now": now,
            "now": round(now / len(own), 3),
        }
        print(f"set {group}: {first} of {len(own)} at first, {now} now")
    write_report("report_written", protocol=PROTOCOL, seed=None, results=results)


if __name__ == "__main__":
    main()
