"""Write the measured grounding of a checkpoint into its card, from its benchmark's result file.

The Checkpoints page shows it: value, interval, number of cases and the location prior beside them.
"""

import argparse
import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "grounding_val.json"
MEASURES = ("pointing", "cnr", "miou")
WAYS = ("plain", "located", "prior")


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """The part of a result that a card carries: [value, low, high] of every measure."""
    found, level = result["results"], result["results"]["intervals"]

    def row(values: dict[str, float], limits: dict[str, list[float]]) -> dict[str, list[float]]:
        return {m: [round(v, 4) for v in (values[m], *limits[m])] for m in MEASURES}

    return {
        "protocol": found["protocol"],
        "split": found["split"],
        "images": found["n"]["images"],
        "patients": found["n"]["patients"],
        "phrases": found["n"]["samples"]["plain"],
        "level": level["level"],
        "commit": result["commit"],
        "macro": {way: row(found["macro"][way], level["macro"][way]) for way in WAYS},
        "findings": {
            name: {
                "phrases": found["n"]["findings"][name]["plain"],
                **{way: row(values[way], level["findings"][name][way]) for way in WAYS},
            }
            for name, values in found["findings"].items()
        },
    }


def main() -> None:
    """Write the card."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--result", type=Path, default=RESULT)
    result = json.loads(options.parse_args().result.read_text(encoding="utf-8"))
    name = result["results"]["checkpoint"]["name"]
    path = ROOT / "assets" / "checkpoints" / name / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["metrics"] = {"grounding": figures(result)}
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)} carries {RESULT.name} of {result['commit']}")


if __name__ == "__main__":
    main()
