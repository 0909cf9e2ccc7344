"""The documents keep their word: commands, links, dependencies and quoted figures are checked."""

import ast
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(requirement: str) -> str:
    """Name of a requirement, normalised: "Foo_Bar[x]==1" is "foo-bar"."""
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def run_time_requirements() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def extra_requirements() -> list[tuple[str, str]]:
    """(extra, requirement) of every extra, without references of one extra to another."""
    extras = SETTINGS["project"]["optional-dependencies"].items()
    pairs = [(extra, requirement) for extra, listed in extras for requirement in listed]
    return [(e, r) for e, r in pairs if name_of(r) != name_of(SETTINGS["project"]["name"])]


def slug(heading: str) -> str:
    """Anchor that a Markdown page gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# --- links and commands ----------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if target.suffix == ".md" and target.exists():
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        if not target.exists() or (anchor and anchor not in map(slug, headings)):
            broken.append(link)
    assert broken == []


def set_up_commands(text: str) -> list[str]:
    return re.findall(r"^(python3 -m venv .+)$", text, flags=re.MULTILINE)


def test_readme_has_two_commands_and_the_second_is_what_the_checks_run() -> None:
    app, tests = set_up_commands(README)
    assert app.endswith("&& .venv/bin/streamlit run app.py")
    assert tests.endswith("&& .venv/bin/python -m pytest")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    pattern = re.search(r"grep -m 1 '([^']+)' README.md", script)
    assert pattern is not None
    assert re.findall(pattern[1] + ".*", README, re.MULTILINE)[0] in tests


def test_contributing_repeats_the_test_command_word_for_word() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set_up_commands(text) == [set_up_commands(README)[1]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documented_commands_parse(path: Path) -> None:
    """Every `explorer ...` line of a code block names options and commands that exist."""
    from typer.main import get_command

    from explorer.cli import app

    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines = [re.sub(r"^\S*?(python\S* -m )?explorer ", "explorer ", line) for line in lines]
    for line in lines:
        if not line.startswith("explorer "):
            continue
        words = shlex.split(line, comments=True)[1:]
        command = get_command(app)
        while hasattr(command, "commands") and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known, line
        alone = getattr(command, "invoke_without_command", False)
        assert not hasattr(command, "commands") or options or alone, f"{line}: no such command"


def test_the_page_of_the_command_line_names_every_command() -> None:
    from typer.main import get_command

    from explorer.cli import app

    def names(command: Any, path: str) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {"": command}).items():
            yield from names(inner, f"{path} {name}") if name else [path]

    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    found = list(names(get_command(app), "explorer"))
    assert len(found) > 20
    assert [name for name in found if not re.search(rf"{name}\b", page)] == []


def test_python_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from explorer import pipeline

    studies = pipeline.list_bundled_studies()
    shelf = list((ROOT / "assets" / "checkpoints").glob("*/card.json"))
    if not (studies and shelf):
        pytest.skip("no study or no checkpoint is bundled")
    shutil.copy(studies[0].folder / "image.dcm", tmp_path / "radiograph.dcm")
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("left pleural effusion 0.")


# --- dependencies ----------------------------------------------------------------------------


def test_every_version_is_pinned() -> None:
    pins = run_time_requirements() + [requirement for _, requirement in extra_requirements()]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.,\[\]-]+==[\w.]+", pin)] == []


def test_dependency_tables_are_complete() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    run_time, extras = text.split("## Extras")
    rows = re.findall(r"^\| ([\w-]+) \| [^|]+ \| [^|]+ \|$", run_time, re.MULTILINE)[1:]
    assert sorted(rows) == sorted(map(name_of, run_time_requirements()))
    pairs = re.findall(r"^\| (\w+) \| ([\w-]+) \| [^|]+ \| [^|]+ \|$", extras, re.MULTILINE)[1:]
    assert sorted(pairs) == sorted((e, name_of(r)) for e, r in extra_requirements())


def test_checkpoint_card_entries_are_those_the_shelf_reads() -> None:
    from explorer.adapters import _card

    text = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    section = text.partition("## Entries")[2].partition("\n## ")[0]
    entries = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(entries) == sorted([*_card.REQUIRED, *_card.OPTIONAL])


def test_hooks_and_the_dev_extra_name_the_same_versions() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pins = dict(pin.split("==") for pin in re.findall(r"\[([\w-]+==[\w.]+)\]", hooks))
    listed = dict(r.split("==") for _, r in extra_requirements())
    assert pins["ruff"] == listed["ruff"]


def test_every_third_party_import_is_declared() -> None:
    """A library that happens to be installed for another one is not a dependency to rely on."""
    providers = importlib.metadata.packages_distributions()
    declared = {name_of(r) for r in run_time_requirements()}
    declared |= {name_of(r) for _, r in extra_requirements()}
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    compared = set(re.findall(r"\w+", text.partition("## Only compared with")[2]))
    local = {"explorer", "app", "tests"} | {
        path.stem for path in (ROOT / "benchmarks").glob("*.py")
    }
    missing = {}
    for folder in ("explorer", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                    # A module of torch that only wraps another library.
                    wraps = node.module == "torch.utils.tensorboard"
                    names = ["tensorboard" if wraps else node.module]
                known = local | (compared if folder == "benchmarks" else set())
                for top in {name.split(".")[0] for name in names} - known:
                    sources = {name_of(d) for d in providers.get(top, [top])}
                    if top not in sys.stdlib_module_names and not sources & declared:
                        missing[top] = path.name
    assert missing == {}


# --- figures ---------------------------------------------------------------------------------


def test_result_files_say_where_they_come_from() -> None:
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        assert {"commit", "date", "seed", "machine", "protocol", "results"} <= set(report), (
            path.name
        )
        assert (ROOT / "benchmarks" / f"{report['name']}.py").exists(), path.name


def figure_links() -> list[tuple[str, str, str, str]]:
    """(document, figure, file, key path) of every `[1.08](...results/x.json "results.ratio")`."""
    pattern = r"\[([\d.]+)[^\]]*\]\((\S*results/[\w.]+\.json) \"([\w./ -]+)\"\)"
    found = []
    for path in DOCUMENTS:
        for figure, link, key in re.findall(pattern, path.read_text(encoding="utf-8")):
            file = (path.parent / link).resolve().relative_to(ROOT).as_posix()
            found.append((path.name, figure, file, key))
    return found


@pytest.mark.parametrize(("document", "figure", "file", "key"), figure_links())
def test_quoted_figures_are_those_of_the_result_file(
    document: str, figure: str, file: str, key: str
) -> None:
    value = json.loads((ROOT / file).read_text(encoding="utf-8"))
    for part in key.split("/"):
        value = value[int(part)] if isinstance(value, list) else value[part]
    decimals = len(figure.partition(".")[2])
    assert f"{value:.{decimals}f}" == figure, f"{document}: {file} {key} is {value}"


@pytest.mark.parametrize(
    ("script", "page"),
    [("readme", "README.md"), ("scale_tables", "docs/scale.md"), ("missed", "docs/missed.md")],
)
def test_tables_are_those_of_the_cards_and_result_files(script: str, page: str) -> None:
    """Run `python benchmarks/SCRIPT.py` when this fails."""
    path = ROOT / page
    code = f"import sys, {script} as s; print(s.with_tables(open(sys.argv[1]).read()), end='')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT / "benchmarks",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == path.read_text(encoding="utf-8")


def test_the_viewer_page_names_every_key_of_the_key_sheet() -> None:
    viewer = ROOT / "explorer" / "ui" / "components" / "viewer" / "js" / "ui" / "keys.js"
    rows = re.findall(r'^    \["([^"]+)", "', viewer.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 15
    page = (ROOT / "docs" / "viewer.md").read_text("utf-8")
    keys = {key.removeprefix("hold ") for row in rows for key in row.split(", ")}
    named = {key for key in keys if f"`{key}`" in page or f"| {key} |" in page}
    assert keys - named - {"wheel", "1 to 9", "Shift + arrows", "arrows"} == set()
