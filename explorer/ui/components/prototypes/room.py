"""The room of one prototype: exemplars, claims, measures, neighbours, and what can be changed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui.components.compare.choices import open_film
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.picture import show_picture
from explorer.ui.components.prototypes.gallery import facts
from explorer.ui.components.prototypes.pictures import exemplars
from explorer.ui.door import pipeline
from explorer.ui.rooms import Built, Rooms
from explorer.ui.state import Session, typed_words
from explorer.ui.wording import one_line, plain

if TYPE_CHECKING:
    from explorer.pipeline import Clustering, Corpus, Points, Prototype

_EXEMPLARS, _COLUMNS, _SIDE = 6, 3, 260
FACTS_HELP = (
    "Tightness: mean cosine with the centre. Position: how much of the likeness to this prototype "
    "the mere place of a region tells. Finding: how many of its films have it, and how many of "
    "all films; the film has it, the region need not show it."
)


def room(memory: Session, index: "Corpus", built: Built, rooms: Rooms) -> None:
    """Draw the room that is open."""
    clustering = rooms.current(built)
    prototype = clustering.prototype(rooms.open if rooms.open is not None else -1)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("All prototypes", on_click=rooms.leave, key="leave_room")
        st.markdown(f"### {plain(prototype.name, longest=60)}", width="stretch")
    st.caption(
        f"Prototype {prototype.id}: {facts(prototype, clustering.level)}, "
        f"concentration {prototype.concentration:.2f}",
        help=FACTS_HELP,
    )
    _pictures(memory, index, built, prototype, rooms)
    with guarded():
        _words(index, built, clustering, prototype)
    _neighbours(clustering, prototype, rooms)
    _edits(built, clustering, prototype, rooms)


def _pictures(
    memory: Session, index: "Corpus", built: Built, prototype: "Prototype", rooms: Rooms
) -> None:
    rows = prototype.exemplars[:_EXEMPLARS]
    pictures = exemplars(index, built.points, rows, side=_SIDE)
    columns = st.columns(_COLUMNS)
    for place, (row, picture) in enumerate(zip(rows, pictures, strict=True)):
        with columns[place % _COLUMNS], st.container(key=f"exemplar_{place}", gap="xsmall"):
            show_picture(picture, alt=f"Exemplar {place + 1}")
            if text := built.points.texts[row]:
                st.caption(plain(text, longest=70))
            with st.container(horizontal=True, gap="small"):
                if st.button("Open in Ground", key=f"ground_{place}", type="tertiary"):
                    rooms.at = f"exemplar_{place}"  # where a person comes back to
                    _open(memory, index, built.points, row, beside=False)
                if st.button("Add to Compare", key=f"compare_{place}", type="tertiary"):
                    rooms.at = f"exemplar_{place}"
                    _open(memory, index, built.points, row, beside=True)


def _open(memory: Session, index: "Corpus", points: "Points", row: int, *, beside: bool) -> None:
    """Open the film of a point, with the map of the phrase that found it."""
    try:
        open_film(memory, index, points.films[row], beside=beside)
    except ExplorerError as error:
        error_box(error)
        return
    if words := typed_words(points.texts[row]):
        memory.add_typed(words)
        memory.ask(f"t:{words}")
    st.rerun()


def _words(index: "Corpus", built: Built, clustering: "Clustering", prototype: "Prototype") -> None:
    """What reports say of it, and by which phrases its regions were found."""
    said = pipeline.phrases_of_prototype(
        index, clustering, built.points, number=prototype.id, count=5
    )
    if said:
        st.markdown("**Claims of reports nearest to it**")
        st.markdown("\n".join(f"- {plain(words, longest=120)}" for words in said))
    if clustering.level == "regions":
        found = Counter(built.points.texts[row] for row in clustering.members(prototype.id))
        most = ", ".join(
            f"{plain(one_line(text, longest=60))} ({n})" for text, n in found.most_common(5) if text
        )
        if most:
            st.caption(f"Its regions were found by {most}")


def _neighbours(clustering: "Clustering", prototype: "Prototype", rooms: Rooms) -> None:
    known = {p.id: p for p in clustering.prototypes}
    near = [known[number] for number in prototype.neighbours if number in known]
    if not near:
        return
    st.markdown("**Neighbours**")
    with st.container(key="neighbours", horizontal=True, gap="small"):
        for other in near:
            likeness = float(other.centre @ prototype.centre)
            st.button(
                f"{plain(other.name, longest=40)} {likeness:.2f}",
                key=f"near_{other.id}",
                on_click=rooms.enter,
                args=(other.id, rooms.choice),
                help="Open its room; the number is the cosine of both centres",
            )


def _edits(built: Built, clustering: "Clustering", prototype: "Prototype", rooms: Rooms) -> None:
    """What can be changed, what the last edit did, and the edit that was asked for."""
    renamed = _rename(clustering, prototype, rooms)
    if renamed is not None:
        _do(built, rooms, renamed)
    changed = _change(built.points, clustering, prototype, rooms)
    if rooms.said:
        st.caption(rooms.said)
    if changed is not None:
        _do(built, rooms, changed)


@dataclass(frozen=True, slots=True)
class _Edit:
    """An edit and what is said of it; "{new}" stands for the prototype that it makes."""

    make: "Callable[[], Clustering]"
    said: str


def _rename(clustering: "Clustering", prototype: "Prototype", rooms: Rooms) -> _Edit | None:
    number = prototype.id
    with (
        st.form("rename", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(
            "Name", value=one_line(prototype.name), max_chars=80, key=f"name_{number}_{rooms.edits}"
        )
        if not st.form_submit_button("Rename"):
            return None
    rename = partial(pipeline.rename, clustering, number=number, name=name or "")
    return _Edit(rename, f"Renamed: {plain(prototype.name, longest=60)} before.")


def _change(
    points: "Points", clustering: "Clustering", prototype: "Prototype", rooms: Rooms
) -> _Edit | None:
    """Buttons that merge, split, hide and undo."""
    number = prototype.id
    others = {p.id: p.name for p in clustering.prototypes if p.id != number}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        near = [n for n in prototype.neighbours if n in others]
        other = st.selectbox(
            "Merge with",
            [*near, *(n for n in others if n not in near)],
            format_func=lambda n: one_line(others[n], longest=50),
            key=f"merge_with_{number}",
            width=240,
            disabled=not others,
        )
        merge = st.button("Merge", key="merge", disabled=not others)
        split = st.button("Split in two", key="split")
        hide = st.button("Show again" if prototype.hidden else "Hide", key="hide")
        undo = st.button("Undo", key="undo_room", disabled=clustering.before is None)
    if merge and other is not None:
        rooms.open = min(number, other)  # the room that stays
        both = partial(pipeline.merge, clustering, points, ids=[number, other])
        return _Edit(both, f"Merged with {plain(others[other], longest=60)}.")
    if split:
        parts = partial(pipeline.split, clustering, points, number=number)
        return _Edit(parts, "Split in two. This is the larger part, the other one is {new}.")
    if hide:
        other_way = partial(pipeline.hide, clustering, number=number, hidden=not prototype.hidden)
        shown = "Shown again." if prototype.hidden else "Hidden from the gallery and the map."
        return _Edit(other_way, shown)
    if undo:
        return _Edit(partial(pipeline.undo, clustering), "The last edit is taken back.")
    return None


def _do(built: Built, rooms: Rooms, edit: _Edit) -> None:
    """Make an edit and draw anew, or say why it cannot be made."""
    before = {p.id for p in rooms.current(built).prototypes}
    try:
        edited = edit.make()
        new = ", ".join(plain(p.name, longest=60) for p in edited.prototypes if p.id not in before)
        rooms.edit(built, edited, said=edit.said.replace("{new}", new))
    except ExplorerError as error:
        error_box(error)
        return
    st.rerun()
