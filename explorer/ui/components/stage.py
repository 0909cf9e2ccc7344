"""The workbench of one study: the viewer at once, then its maps piece by piece."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.entities import GroundedPhrase, Sentence
from explorer.ui import encoded, engines, shelf, work
from explorer.ui.components.error_box import error_box
from explorer.ui.components.viewer import (
    Desk,
    Head,
    Note,
    Place,
    Stated,
    Thumbnail,
    ViewerFilm,
    ViewerPhrase,
    ViewerReference,
    feed_head,
    feed_phrases,
    feed_words,
    image_id,
    phrase_color,
    viewer,
)
from explorer.ui.door import pipeline
from explorer.ui.grounded import assertion_of
from explorer.ui.opening import join_loose_report
from explorer.ui.remedies import apply_remedy, remedies
from explorer.ui.state import Session, session
from explorer.ui.wording import one_line

KEY = "viewer"
LONGEST_PHRASE = 200  # characters; a longer text is a report


@st.fragment
def stage() -> None:
    """Show the study; a typed phrase or another radiograph reruns only this part."""
    memory = session()
    if memory.framed != (memory.loaded.token if memory.loaded else None):
        st.rerun()  # the viewer asked for another study: the bar names it, too
    radiograph = memory.radiograph
    films = [ViewerFilm(memory.loaded.token, radiograph)] if memory.loaded and radiograph else []
    viewer(films, key=KEY, desk=_desk(memory), hear=_hear)
    progress = st.container(key="progress").empty()
    with st.container(key="feeds"):
        if films:
            try:
                _show_results(memory, progress)
            except Exception as error:  # noqa: BLE001 - the border to the person
                with st.container(key="stage_error"):
                    error_box(error)
    progress.empty()


def _show_results(memory: Session, progress: DeltaGenerator) -> None:
    def say(text: str) -> None:
        progress.caption(text)

    result = work.start(memory, say=say)
    place = Place(
        study=result.loaded.token,
        film=image_id(result.radiograph),
        space=engines.engine_key(result.engine),
        run=result.run,
    )
    feed_head(place, _head(memory, result), key=KEY, asked=memory.asked)
    work.ground_typed(result, memory, say=say)
    for number, text in enumerate(memory.typed):
        if text in result.typed:
            phrases = [_typed(text, result.typed[text], number)]
            feed_phrases(place, phrases, key=KEY, part=f"typed:{text}", first=number)
    for phrase_id, shares in _asked_words(memory, result):
        feed_words(place, phrase_id, shares, key=KEY)
    pieces = work.ground_report(result, memory.options, everything=memory.everything, say=say)
    for index in pieces:
        begin, end = result.pieces[index]
        phrases = _sentences(result, begin, end)
        feed_phrases(place, phrases, key=KEY, part=f"piece:{begin}", first=begin)


def _desk(memory: Session) -> Desk:
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


def _head(memory: Session, result: work.Work) -> Head:
    engine, check = result.engine, result.check
    notes = (check.message,) if check.message and not check.refuse else ()
    return Head(
        title=engine.card.title,
        checkpoint=engine.card.name,
        frame=result.encoded.embeddings.grid.frame,
        refused=check.message if check.refuse else "",
        notes=(*notes, *result.radiograph.notes, *(result.report.notes if result.report else ())),
        remedies=remedies(result.radiograph, check),
        reference=_references(memory),
        total=result.total,
        bound=work.bound(result, everything=memory.everything),
        null_peaks={} if check.refuse else encoded.null_peaks(engine, result.encoded),
        cost=f"{engine.card.title} on {engine.device}, {engine.precision}; image encoded in "
        f"{result.encoded.milliseconds:.0f} ms",
    )


def _references(memory: Session) -> tuple[ViewerReference, ...]:
    if memory.loaded is None or memory.radiograph_index != 0:
        return ()
    return tuple(
        ViewerReference(r.label, r.box, r.sentence_index) for r in memory.loaded.references
    )


def _sentences(result: work.Work, begin: int, end: int) -> list[ViewerPhrase]:
    sentences = result.report.sentences if result.report else ()
    return [
        ViewerPhrase(
            grounded=result.sentences[i],
            assertion=_stated(sentences[i]),
            section=sentences[i].section,
            color=phrase_color(i),
            sentence=i,
            start=sentences[i].start,
            end=sentences[i].end,
            text=sentences[i].text,
        )
        for i in range(begin, end)
    ]


def _stated(sentence: Sentence) -> Stated:
    """What a card says of a sentence: a structure that is called normal is not a denied finding."""
    if sentence.assertion == "absent" and pipeline.states_normal(sentence.text):
        return "normal"
    return sentence.assertion


def _typed(text: str, grounded: GroundedPhrase, number: int) -> ViewerPhrase:
    return ViewerPhrase(
        grounded=grounded,
        assertion=assertion_of(text),
        kind="typed",
        color=phrase_color(number + 5),
    )


def _asked_words(memory: Session, result: work.Work) -> list[tuple[str, list[tuple[str, float]]]]:
    """What each word adds, for the phrases it was asked for, by the viewer's phrase ids."""
    found = []
    for phrase_id in memory.words_asked:
        grounded = _by_id(result, phrase_id)
        if grounded is not None:
            work.ask_words(result, grounded.phrase)
            found.append((phrase_id, list(result.words[grounded.phrase].values())))
    return found


def _by_id(result: work.Work, phrase_id: str) -> GroundedPhrase | None:
    if phrase_id.startswith("t:"):
        return result.typed.get(phrase_id[2:])
    index = int(phrase_id[1:]) if phrase_id[1:].isdecimal() else -1
    return result.sentences[index] if 0 <= index < len(result.sentences) else None


def _hear(kind: str, values: dict[str, Any]) -> None:
    """Do what a person asked for in the viewer; what does not fit is ignored."""
    memory = session()
    text = values.get("text")
    if kind == "ask" and isinstance(text, str):
        words = " ".join(text.split())[:LONGEST_PHRASE]
        memory.add_typed(words)
        memory.ask(f"t:{words}")
    elif kind == "forget" and isinstance(text, str):
        memory.typed = [typed for typed in memory.typed if typed != text]
    elif kind == "words" and isinstance(text, str):
        memory.words_asked = [*memory.words_asked, text][-8:]
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
