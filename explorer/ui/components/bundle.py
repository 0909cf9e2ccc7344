"""Joins the small ES modules of a component into the one script that Streamlit sends.

A component of an app that is not an installed distribution takes its script as one string. The
modules stay separate files with `import { a, b } from "./other.js"` (which Node's test runner
reads as they are); here each becomes a function that returns its exports, in order of need.
"""

import os
import re
from pathlib import Path

_IMPORT = re.compile(
    r'^import\s*\{([^}]*)\}\s*from\s*"(\.{1,2}/[\w./-]+\.js)";?[ \t]*$', re.MULTILINE
)
_DEFAULT = re.compile(r"^export default function (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
_LEFT_OVER = re.compile(r"^\s*(?:import\b(?!\()|export\b)", re.MULTILINE)


def bundle_modules(entry: Path) -> str:
    """Join `entry` and everything it imports into one ES module with its default export.

    Raises:
        ValueError: A module uses an import or export form that is not read here, modules import
            one another in a circle, or the entry has no default export.
    """
    parts: dict[Path, str] = {}
    _add(entry.resolve(), entry.resolve().parent, parts, ())
    name = _DEFAULT.search(entry.read_text("utf-8"))
    if name is None:
        raise ValueError(f"{entry.name} needs `export default function name(...)`, found none.")
    joined = "\n".join(parts.values())
    entry_name = _module_name(entry.resolve(), entry.resolve().parent)
    return f'"use strict";\n{joined}\nexport default {entry_name}.{name.group(1)};\n'


def _add(path: Path, root: Path, parts: dict[Path, str], above: tuple[Path, ...]) -> None:
    if path in above:
        circle = " -> ".join(item.name for item in (*above, path))
        raise ValueError(f"Viewer modules must not import one another in a circle: {circle}.")
    if path in parts:
        return
    source = path.read_text("utf-8")
    for match in _IMPORT.finditer(source):
        _add((path.parent / match.group(2)).resolve(), root, parts, (*above, path))

    def bind(match: re.Match[str]) -> str:
        names = ", ".join(part.strip().replace(" as ", ": ") for part in match.group(1).split(","))
        module = _module_name((path.parent / match.group(2)).resolve(), root)
        return f"const {{ {names.rstrip(', ')} }} = {module};"

    exports = _EXPORT.findall(source) + _DEFAULT.findall(source)
    source = _IMPORT.sub(bind, source)
    source = re.sub(r"^export (?:default )?", "", source, flags=re.MULTILINE)
    if (left := _LEFT_OVER.search(source)) is not None:
        raise ValueError(f"{path.name}: `{left.group(0).strip()}` is a form that is not read here.")
    name = _module_name(path, root)
    parts[path] = f"const {name} = (() => {{\n{source}\nreturn {{ {', '.join(exports)} }};\n}})();"


def _module_name(path: Path, root: Path) -> str:
    return "module_" + re.sub(r"\W", "_", os.path.relpath(path.with_suffix(""), root))
