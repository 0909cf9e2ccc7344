"""Sends the hits of a search to the browser: pictures, matching regions, parts of the score."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.ui.components.bundle import bundle_modules
from explorer.ui.components.outbox import Outbox
from explorer.ui.components.viewer.packing import Packer
from explorer.ui.door import pipeline
from explorer.ui.search import PAGE, Query, Search
from explorer.ui.wording import one_line

if TYPE_CHECKING:
    from explorer.entities import Box
    from explorer.pipeline import Corpus, Hit, Part

_HERE = Path(__file__).parent
LONGEST_SHOWN = 60  # characters of a text in the line above the hits
LONGEST_LINK = 200  # characters of a text that may stand in an address

_element = st.components.v2.component(
    "search_hits",
    html='<div class="hits" lang="en"></div>',
    css=(_HERE / "hits.css").read_text("utf-8"),
    js=bundle_modules(_HERE / "js" / "main.js"),
)


def hits(
    search: Search,
    index: "Corpus",
    *,
    judged: dict[str, str],
    query_film: bytes | None,
    query_shape: tuple[int, int] | None,
    fresh: bool,
    key: str,
    hear: Callable[[str, dict[str, Any]], None],
) -> None:
    """Show a page of hits.

    Args:
        search: The query with its results.
        index: Gives the pictures.
        judged: What was said of them: film -> "right" or "wrong".
        query_film: WebP of the film that was asked with, shown beside hits that match a region.
        query_shape: (H, W) of that film in the pixels of the query boxes.
        fresh: Whether they were asked for just now: then the first one is scrolled to.
        key: Unique name on the page.
        hear: Called for each thing the person asked for, with its kind and its values.
    """
    box = Outbox(key, hear)
    packer = Packer()
    query, found = search.query, search.results
    linked = query.kind == "text" and len(query.text) <= LONGEST_LINK
    body: dict[str, Any] = {
        "kind": query.kind,
        "total": found.total,
        "asked": _asked(query),
        "seconds": found.seconds,
        "notes": list(found.notes),
        "offset": query.offset,
        "where": query.where,
        "page": PAGE,
        "link": {"q": query.text, "where": query.where, "rank": query.ranking} if linked else None,
        "queryFilm": None if query_film is None else packer.add(query_film),
        "queryShape": query_shape,
        "at": search.at,
        "fresh": fresh,
    }
    if search.beside is None:
        only = _only_source(index)
        body["hits"] = [_hit(packer, index, hit, judged, only) for hit in found.hits]
    else:
        body |= _two(packer, index, search, judged)
    _element(key=key, data=packer.message(body), on_outbox_change=box.read)


def _asked(query: Query) -> str:
    """What the hits are for, as the form may say another thing by now."""
    if query.kind == "text":
        words = f"for “{one_line(query.text, longest=LONGEST_SHOWN)}”"
    else:
        film = f"film {query.film[:8]} of the index" if query.film else "your film"
        words = {
            "film": f"like {film}",
            "report": f"for {film}",
            "region": f"like a region of {film}",
        }[query.kind]
    if query.without:
        words += f", without {one_line(', '.join(query.without), longest=LONGEST_SHOWN)}"
    return f"{words}, {one_line(query.where, longest=LONGEST_SHOWN)}" if query.where else words


def _two(packer: Packer, index: "Corpus", search: Search, judged: dict[str, str]) -> dict[str, Any]:
    """Both rankings from the page's first place on; `hits` are those of the index itself."""
    only = _only_source(index)
    found, start = search.beside, search.query.offset
    assert found is not None
    here, there = (
        [
            _hit(packer, index, placed.hit, judged, only)
            | {"rank": placed.rank, "other": placed.other, "change": placed.change}
            for placed in side[start : start + PAGE]
        ]
        for side in (found.here, found.there)
    )
    names = [pipeline.index_info(uri).space.checkpoint for uri in (search.uri, search.query.beside)]
    return {
        "total": max(len(found.here), len(found.there)),
        "hits": here,
        "beside": {
            "hits": there,
            "names": names,
            "shared": found.shared,
            "alone": [found.only_here, found.only_there],
            "overlap": found.overlap,
            "agreement": found.agreement,
        },
    }


def _only_source(index: "Corpus") -> str:
    """The source of all films of an index, which says nothing on a card; "" where they differ."""
    sources = set(index.films.columns["source"])
    return str(sources.pop()) if len(sources) == 1 else ""


def _hit(
    packer: Packer, index: "Corpus", hit: "Hit", judged: dict[str, str], only: str
) -> dict[str, Any]:
    facts = (hit.view, hit.age_band, hit.sex, *hit.findings, hit.source)
    return {
        "rank": hit.rank,
        "film": hit.film_id,
        "region": hit.region_id,
        "score": hit.score,
        "percentile": hit.percentile,
        "shape": list(hit.shape),
        "facts": [fact for fact in facts if fact and fact not in ("unknown", only)],
        "picture": packer.add(index.thumbnail(hit.film_id)),
        "judged": judged.get(hit.film_id),
        "parts": [_part(part) for part in hit.parts],
    }


def _part(part: "Part") -> dict[str, Any]:
    return {
        "text": part.text,
        "absent": part.assertion == "absent",
        "gain": part.gain,
        "boxes": [_box(box) for box in part.boxes],
        "queryBox": None if part.query_box is None else _box(part.query_box),
        "sentence": part.sentence,
    }


def _box(box: "Box") -> list[float]:
    return [float(box.x_min), float(box.y_min), float(box.x_max), float(box.y_max)]
