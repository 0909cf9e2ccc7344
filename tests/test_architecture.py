"""The import table of docs/architecture.md, checked from source text, inside functions too."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "explorer").rglob("*.py"), *(ROOT / "explorer").rglob("*.pyi")])
LONGEST_FILE = 400  # lines

# Package (or top module) -> what it may import from `explorer` besides itself and `__version__`.
BASE = ("entities", "embeddings", "errors")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "entities": (),
    "embeddings": ("entities",),
    "errors": (),
    "placed": ("entities",),
    "registry": (),
    "wheel_data": ("errors",),
    "text": BASE,
    "reading": (*BASE, "registry", "text"),
    "encoders": BASE,
    "methods": (*BASE, "registry"),
    "adapters": (*BASE, "registry", "text", "encoders", "methods", "grounding"),
    "phantom": (*BASE, "registry", "wheel_data", "text"),
    "corpora": (*BASE, "placed", "registry", "reading", "text", "phantom"),
    "grounding": BASE,
    "retrieval": (*BASE, "grounding"),
    "prototypes": BASE,
    "exchange": (*BASE, "registry"),
    "training": (*BASE, "registry", "corpora", "text", "encoders", "methods"),
    "evaluation": (*BASE, "placed", "registry", "text", "grounding", "retrieval", "prototypes"),
    "serving": (*BASE, "adapters"),
    "pipeline": (
        *BASE,
        "placed",
        "registry",
        "wheel_data",
        "text",
        "reading",
        "encoders",
        "methods",
        "adapters",
        "phantom",
        "corpora",
        "grounding",
        "retrieval",
        "prototypes",
        "exchange",
        "training",
        "evaluation",
        "serving",
    ),
    "ui": (*BASE, "placed", "pipeline"),
    "cli": (*BASE, "placed", "pipeline"),
    "app": ("ui",),
}

# Library -> the only packages or files that may import it.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "torch": (
        "encoders",
        "adapters",
        "methods",
        "training",
        "grounding/attribution.py",
        "grounding/image_attribution.py",
        "grounding/word_gradients.py",
    ),
    "transformers": ("encoders", "adapters"),
    "captum": (
        "grounding/attribution.py",
        "grounding/image_attribution.py",
        "grounding/word_gradients.py",
    ),
    "pydicom": ("reading", "phantom"),
    "openvino": ("adapters",),
    "nncf": ("adapters",),
    "lancedb": ("retrieval",),
    "ray": ("serving",),
    "lance_ray": ("serving",),
    "streamlit": ("ui", "app"),
    "typer": ("cli",),
}


def package_of(path: Path) -> str:
    """Name the row of the table that a source file belongs to; "" for explorer/__init__.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts == ("app",):
        return "app"
    return {"__init__": "", "__main__": "cli"}.get(parts[1], parts[1])


def imported_names(source: str, *, module: str) -> set[str]:
    """Dotted names that a source text imports, at any depth, relative ones made absolute.

    `from a import b` counts as `a.b`, since b may be a module. `importlib.import_module("a.b")`
    with a literal counts as well. `module` is the package the text lives in, for relative imports.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + 1]
            origin = ".".join([*above, node.module or ""]) if node.level else node.module or ""
            names |= {f"{origin.rstrip('.')}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return names


def breaches(source: str, *, package: str, file: str) -> list[str]:
    """Sentences that name each import of `source` which the two tables forbid."""
    allowed = {package, "__version__", *MAY_IMPORT.get(package, ())}
    module = ".".join(["explorer", *Path(file).parts[:-1]])
    found = []
    for name in sorted(imported_names(source, module=module)):
        top, _, rest = name.partition(".")
        if top == "explorer" and (target := rest.split(".")[0]) and target not in allowed:
            found.append(
                f"{file} imports explorer.{target}; {package} may import {sorted(allowed)}"
            )
        if top in ONLY_IN and not {package, file} & set(ONLY_IN[top]):
            found.append(f"{file} imports {top}; only {', '.join(ONLY_IN[top])} may")
    return found


def relative(path: Path) -> str:
    """Path below explorer/ as written in the tables; app.py as it is."""
    return path.relative_to(ROOT).as_posix().removeprefix("explorer/")


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "app.py"], ids=relative)
def test_imports_follow_the_table(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert breaches(text, package=package_of(path), file=relative(path)) == []


def test_every_package_has_a_row() -> None:
    rows = {package_of(path) for path in SOURCES} - {""}
    assert rows | {"app"} == set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("def f():\n    import torch", "ui"),
        ("from explorer import adapters", "ui"),
        ("from explorer.adapters import Engine", "cli"),
        ("from ..adapters import Engine", "grounding"),
        ("import importlib\nimportlib.import_module('explorer.ui')", "pipeline"),
        ("if False:\n    import streamlit as st", "pipeline"),
        ("from explorer.text.sections import x", "entities"),
    ],
)
def test_a_forbidden_import_is_found(source: str, package: str) -> None:
    assert len(breaches(source, package=package, file=f"{package}/some_file.py")) == 1


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("from explorer import __version__", "cli"),
        ("from . import geometry", "grounding"),
        ("from explorer.grounding.geometry import fit_frame", "grounding"),
        ("import torch.nn.functional as F", "encoders"),
    ],
)
def test_an_allowed_import_passes(source: str, package: str) -> None:
    assert breaches(source, package=package, file=f"{package}/some_file.py") == []


def test_captum_stays_in_two_files() -> None:
    source = "from captum.attr import LayerGradCam"
    assert breaches(source, package="grounding", file="grounding/attribution.py") == []
    assert len(breaches(source, package="grounding", file="grounding/regions.py")) == 1


def test_methods_do_not_import_one_another() -> None:
    files = [path for path in SOURCES if package_of(path) == "methods"]
    public = {path.stem for path in files if not path.stem.startswith("_")}
    for path in files:
        names = imported_names(path.read_text(encoding="utf-8"), module="explorer.methods")
        others = {name.split(".")[2] for name in names if name.startswith("explorer.methods.")}
        assert others & (public - {path.stem}) == set(), path.name


def test_document_holds_the_same_tables() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|$", text, flags=re.MULTILINE)
    written = {name: tuple(re.findall(r"`(\w+)`", cell)) for name, cell in rows}
    assert written == MAY_IMPORT
    libraries = text.partition("## Which library lives where")[2].partition("\nA name")[0]
    rows = re.findall(r"^\| (\w+) \| (`[^|]*) \|$", libraries, flags=re.MULTILINE)
    assert {name: tuple(re.findall(r"`([\w./]+)`", cell)) for name, cell in rows} == ONLY_IN


def test_document_holds_the_same_library_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Which library lives where")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([\w ]+) \| ([^|]*) \|$", section, flags=re.MULTILINE)
    written = {name: tuple(re.findall(r"`([\w/.]+)`", cell)) for name, cell in rows}
    written.pop("library")
    assert written == ONLY_IN


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if path.name != "__main__.py"],
    ids=relative,
)
def test_every_module_imports(path: Path) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    importlib.import_module(".".join(parts).removesuffix(".__init__"))


def test_files_stay_short_and_say_why_they_exist() -> None:
    code = [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    scripts = [*(ROOT / "explorer").rglob("*.js"), *(ROOT / "tests").rglob("*.js")]
    texts = {path: path.read_text(encoding="utf-8") for path in [*code, *scripts]}
    long = {
        relative(path): n for path, text in texts.items() if (n := text.count("\n")) > LONGEST_FILE
    }
    assert long == {}
    silent = [relative(path) for path in code if ast.get_docstring(ast.parse(texts[path])) is None]
    assert silent == []


def test_print_lives_in_the_command_line_only() -> None:
    def prints(path: Path) -> bool:
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        return any(isinstance(n, ast.Call) and ast.unparse(n.func) == "print" for n in tree)

    assert [relative(p) for p in SOURCES if prints(p) and package_of(p) != "cli"] == []
