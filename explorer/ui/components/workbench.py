"""What Ground and Compare share: the desk around the films, and requests of a person."""

from typing import Any

from explorer.ui import shelf
from explorer.ui.components.viewer import MAX_PANES, Desk, Note, Thumbnail
from explorer.ui.door import pipeline
from explorer.ui.opening import join_loose_report
from explorer.ui.remedies import apply_remedy
from explorer.ui.state import Session, session, typed_words
from explorer.ui.wording import one_line


def desk_of(memory: Session) -> Desk:
    """What lies around the films of the study on screen."""
    loaded = memory.loaded
    problems = tuple(
        Note(title=": ".join(filter(None, (p.about[:80], p.title))), text=p.message)
        for p in memory.problems
    )
    if loaded is None:
        back = memory.before.title if memory.before else None
        return Desk(problems=problems, failed=memory.failed, back=back, loose_report=_loose(memory))
    films = loaded.study.radiographs
    thumbnails = (
        tuple(
            Thumbnail(one_line(label, longest=80), shelf.thumbnail(film, side=96))
            for label, film in zip(loaded.labels, films, strict=True)
        )
        if len(films) > 1
        else ()
    )
    return Desk(
        title=loaded.title,
        link=loaded.name,
        thumbnails=thumbnails,
        index=min(memory.radiograph_index, len(films) - 1),
        problems=problems,
        loose_report=_loose(memory),
    )


def _loose(memory: Session) -> str | None:
    return None if memory.loose_report is None else one_line(memory.loose_report, longest=90)


def pane_of(values: dict[str, Any]) -> int:
    """Which pane a request is about; the first when it names none."""
    pane = values.get("pane")
    return pane if isinstance(pane, int) and 0 <= pane < MAX_PANES else 0


def hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for in the viewer; what does not fit is ignored."""
    memory = session()
    text = values.get("text")
    if kind == "ask" and isinstance(text, str):
        words = typed_words(text)
        memory.add_typed(words)
        memory.ask(f"t:{words}")
    elif kind == "forget" and isinstance(text, str):
        memory.typed = [typed for typed in memory.typed if typed != text]
        if memory.alike is not None and memory.alike.words == text:
            memory.alike = None
    elif kind == "words" and isinstance(text, str) and values.get("way") in pipeline.WORD_WAYS:
        asked = pane_of(values), text, values["way"]
        memory.words_asked = [*memory.words_asked, asked][-8:]
    elif kind == "film" and isinstance(values.get("index"), int) and memory.loaded is not None:
        last = len(memory.loaded.labels) - 1
        memory.radiograph_index = min(max(values["index"], 0), last)
    elif kind == "everything":
        memory.everything = True
    elif kind == "back":
        memory.go_back()
    elif kind == "join":
        join_loose_report(memory)
    elif kind == "remedy" and isinstance(text, str):
        apply_remedy(memory, text)
    elif kind == "discard":
        memory.loose_report = None
