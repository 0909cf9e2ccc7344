"""Indiana University collection (OpenI, NLMCXR): reports as XML, radiographs as PNG.

ecgen-radiology/*.xml, and the PNG files anywhere below. MeSH terms become labels. The collection
does not say which picture is the frontal one: indiana_projections.csv (filename, projection) is
asked when it is there, else the first picture of a report is taken for the frontal and the others
for unknown. One report a patient. Demner-Fushman et al., JAMIA 2016.
"""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from explorer.corpora._base import CorpusImage
from explorer.corpora.layouts import (
    check_complete,
    files_by_name,
    find_table,
    nih_words,
    only_file,
    read_table,
    split_of,
)
from explorer.errors import DataSetError

TITLE = "OpenI (NLMCXR): ecgen-radiology/*.xml and PNG files"
_REPORTS = "ecgen-radiology"
_LARGEST_XML = 1_000_000  # bytes; the largest report has 20,000
_UNINDEXED = "No Indexing"
_SECTIONS = ("COMPARISON", "INDICATION", "FINDINGS", "IMPRESSION")
# MeSH terms that are findings only in company, e.g. "Thickening/pleura/apex".
_IN_COMPANY = {("Thickening", "pleura"): "Pleural_Thickening"}


def evidence(folder: Path) -> str:
    """The folder of reports."""
    return f"{_REPORTS}/*.xml" if _report_files(folder) else ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read every picture with the report and labels of its examination.

    Raises:
        DataSetError: There are no reports, one is broken, or pictures are missing.
    """
    paths = _report_files(folder)
    if not paths:
        raise DataSetError(
            f"{folder.name!r} must hold {_REPORTS}/*.xml, it does not. Unpack NLMCXR_reports.tgz "
            "there."
        )
    pictures = files_by_name(folder, suffixes=(".png", ".jpg", ".jpeg"))
    views = _views(folder)
    images, missing, named = [], [], 0
    for one in map(_read_examination, paths):
        named += len(one.pictures)
        for position, name in enumerate(dict.fromkeys(one.pictures)):
            file = only_file(name, pictures)
            if file is None:
                missing.append(f"{name}.png")
                continue
            images.append(
                CorpusImage(
                    path=file,
                    size=(0, 0),
                    split=split_of(one.patient),
                    source="OpenI",
                    patient=one.patient,
                    view=views.get(name, "frontal" if position == 0 and not views else "unknown"),
                    findings=one.findings,
                    labelled=one.labelled,
                    boxes=(),
                    report=one.text,
                    study=one.patient,
                )
            )
    check_complete(
        missing,
        of=named,
        what="pictures",
        remedy=f"Unpack NLMCXR_png.tgz below {folder.name!r}, or keep only the reports whose "
        "pictures are there.",
    )
    return tuple(images)


def _report_files(folder: Path) -> list[Path]:
    own = folder if folder.name == _REPORTS else folder / _REPORTS
    found = sorted(own.glob("*.xml")) or sorted(folder.glob(f"*/{_REPORTS}/*.xml"))
    return sorted(found, key=lambda path: (len(path.stem), path.stem))


@dataclass(frozen=True, slots=True)
class _Examination:
    """What the report of one patient says.

    Attributes:
        patient: Name of its file.
        pictures: Names of its radiographs.
        text: Its sections, one a line.
        findings: That its terms name.
        labelled: Whether it was indexed with terms at all.
    """

    patient: str
    pictures: tuple[str, ...]
    text: str
    findings: frozenset[str]
    labelled: bool


def _read_examination(path: Path) -> _Examination:
    root = _parse(path)
    findings, labelled = _labels(root)
    pictures = tuple(element.get("id", "") for element in root.iter("parentImage"))
    return _Examination(path.stem, pictures, _text(root), findings, labelled)


def _parse(path: Path) -> ElementTree.Element:
    """The tree of one report; documents that define entities of their own are refused."""
    data = path.read_bytes()
    try:
        if len(data) > _LARGEST_XML or b"<!ENTITY" in data:
            raise ValueError("too large, or it defines entities")
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataSetError(
            f"The report {path.name!r} is not an XML file of the collection ({error}). "
            "Unpack it again."
        ) from error


def _text(root: ElementTree.Element) -> str:
    parts = {e.get("Label", "").upper(): (e.text or "").strip() for e in root.iter("AbstractText")}
    return "\n".join(f"{name}: {parts[name]}" for name in _SECTIONS if parts.get(name))


def _labels(root: ElementTree.Element) -> tuple[frozenset[str], bool]:
    """Findings that the MeSH terms name, and whether the report was indexed at all."""
    terms = [(e.text or "").strip() for e in root.iter("major")]
    if not terms or _UNINDEXED in terms:
        return frozenset(), False
    names = []
    for term in terms:
        head, *rest = (word.strip() for word in term.split("/"))
        company = [label for (h, word), label in _IN_COMPANY.items() if h == head and word in rest]
        names += company or [head]
    return nih_words(names), True


def _views(folder: Path) -> dict[str, str]:
    """Picture name -> "frontal" or "lateral", from the table of projections; {} without it."""
    path = find_table(folder, "indiana_projections")
    if path is None:
        return {}
    table = read_table(path, needed=("filename", "projection"))
    # "1_IM-0001-4001.dcm.png" in the table is CXR1_IM-0001-4001.png in the collection.
    names = "CXR" + table["filename"].str.split(".").str[0].str.removeprefix("CXR")
    return dict(zip(names, table["projection"].str.strip().str.lower(), strict=True))
