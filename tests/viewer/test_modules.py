"""A script names what it uses: no error shows a missing import before the line runs."""

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "explorer" / "ui" / "components").rglob("js/**/*.js"))
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
EXPORTED = {name for script in SCRIPTS for name in EXPORT.findall(script.read_text("utf-8"))}
# Strings, comments and members of objects are not uses of a module's name.
NOISE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\.\s*\w+""", re.DOTALL
)


def uses_without_import(source: str) -> set[str]:
    """Exported names that are called or made in a script that neither imports nor defines them."""
    known = set()
    for names in re.findall(r"^import\s*\{([^}]*)\}", source, re.MULTILINE):
        known |= {part.split(" as ")[-1].strip() for part in names.split(",")}
    code = NOISE.sub(" ", source.replace("...", " "))
    used = set(re.findall(r"\b(\w+)\(", code)) | set(re.findall(r"\bnew (\w+)\b", code))
    defined = set(re.findall(r"\b(?:function|const|let|class) (\w+)", code))
    # A method's name stands before its parameters and a brace.
    defined |= set(
        re.findall(r"^\s+(?:async |get |static )*(\w+)\([^\n]*\) \{$", code, re.MULTILINE)
    )
    return (used & EXPORTED) - known - defined


def test_a_missing_import_is_found() -> None:
    assert uses_without_import('const node = el("p", {}); new Pane(1);') == {"el", "Pane"}
    assert uses_without_import('import { el } from "./dom.js";\nel("p"); this.score(1);') == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_imports_what_it_uses(script: Path) -> None:
    assert uses_without_import(script.read_text("utf-8")) == set()
