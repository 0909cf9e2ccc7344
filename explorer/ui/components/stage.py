"""The study on screen: progress, image check, phrases, viewer, and details of one phrase."""

import streamlit as st

from explorer.ui import cache, work
from explorer.ui.components.details import details
from explorer.ui.components.downloads import downloads
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.options_form import options_form
from explorer.ui.components.phrase_box import examples, phrase_box, typed_chips
from explorer.ui.components.viewer import (
    ViewerPane,
    ViewerPhrase,
    ViewerReference,
    phrase_color,
    viewer,
)
from explorer.ui.state import LoadedStudy, Options, Session, session
from explorer.ui.theme import EXPECTED
from explorer.ui.wording import count, one_line, plain

VIEWER_HEIGHT = 640


def heading(loaded: LoadedStudy, *, named: bool = True) -> None:
    """Name the study and, where it has several radiographs, let the person choose one."""
    if named:
        _name(loaded)
    if len(loaded.labels) > 1:
        memory = session()
        memory.radiograph_index = st.selectbox(
            "Radiograph",
            range(len(loaded.labels)),
            index=min(memory.radiograph_index, len(loaded.labels) - 1),
            format_func=lambda i: one_line(loaded.labels[i], longest=80),
            key=f"radiograph_{loaded.study.study_id[:12]}",
            width=460,
        )


def _name(loaded: LoadedStudy) -> None:
    line = f"**{plain(loaded.title)}**"
    if loaded.expected is not None:
        words, tone = EXPECTED.get(loaded.expected, (loaded.expected, "gray"))
        line += f" :{tone}-badge[{words}]"
    if loaded.description:
        line += f" :gray[{plain(loaded.description)}]"
    st.markdown(line)


@st.fragment
def stage() -> None:
    """Show the study; typing a phrase or choosing a card reruns only this part."""
    memory = session()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width="stretch"):
            phrase_box()
        options = Options(device=memory.device, precision=memory.precision)
        with guarded():
            options = options_form()
    chips = st.container()
    picture = st.empty()
    result = _result(memory, options, picture)
    with chips:
        typed_chips(memory)
    if result is None:
        return
    if result.check.refuse:
        _refusal(result)
        return
    _notes(result)
    if not result.sentences and not memory.typed:
        examples()
    with guarded():
        _show(memory, result)


def _result(
    memory: Session, options: Options, place: "st.delta_generator.DeltaGenerator"
) -> work.Work | None:
    """Compute what is missing under a progress line; keep the last result when that fails."""
    try:
        if work.is_current(memory, options):  # a typed phrase takes no time worth showing
            return work.do(memory, options, say=lambda _: None)
        with place.container():
            status = st.status("Preparing", expanded=False)
            st.skeleton(VIEWER_HEIGHT)
            return work.do(memory, options, say=lambda text: status.update(label=text))
    except Exception as error:  # noqa: BLE001 - the border to the person
        place.empty()
        error_box(error)
        return work.last(memory)
    finally:
        place.empty()


def _refusal(result: work.Work) -> None:
    left, right = st.columns([1, 3], gap="medium")
    left.image(
        cache.thumbnail(result.radiograph, side=256),
        width="stretch",
        alt="The uploaded image, which was refused",
    )
    right.error(
        f"{plain(result.check.message)}\n\nThe image check compares a picture with frontal chest "
        "radiographs, with lateral and turned ones, and with pictures of other things. Open a "
        "frontal chest radiograph, or pick a bundled study.",
        title="Nothing was grounded",
    )


def _notes(result: work.Work) -> None:
    if result.check.message:
        st.warning(plain(result.check.message), title="Read these maps with doubt")
    for note in result.radiograph.notes:
        st.caption(f":orange-badge[note] {plain(note)}")


def _show(memory: Session, result: work.Work) -> None:
    phrases = _phrases(memory, result)
    pane = ViewerPane(
        radiograph=result.radiograph,
        frame=result.encoded.embeddings.grid.frame,
        phrases=phrases,
        reference=_references(memory),
    )
    event = viewer([pane], key="viewer", height=VIEWER_HEIGHT, shown=memory.shown, send_choice=True)
    st.caption(_cost(result))
    if event.phrase_id != memory.last_choice:  # a card was pressed since the last run
        memory.last_choice = memory.chosen = event.phrase_id
    grounded = {p.phrase_id: p for p in phrases if p.grounded is not None}
    chosen = grounded.get(memory.chosen or "") or next(iter(grounded.values()), None)
    if chosen is not None and chosen.grounded is not None:
        details(chosen, result)
        downloads(memory, result, chosen=chosen.grounded)


def _phrases(memory: Session, result: work.Work) -> tuple[ViewerPhrase, ...]:
    """Typed phrases first, then the report; colours count the report from its first sentence."""
    report = memory.loaded.study.report if memory.loaded else None
    sentences = report.sentences if report else ()
    cards = [
        ViewerPhrase(
            grounded=grounded,
            assertion=sentence.assertion,
            section=sentence.section,
            color=phrase_color(i),
            sentence=i,
            start=sentence.start,
            end=sentence.end,
            text=sentence.text,
        )
        for i, (sentence, grounded) in enumerate(zip(sentences, result.sentences, strict=False))
    ]
    typed = [
        ViewerPhrase(
            grounded=result.typed[text],
            assertion=cache.assertion_of(text),
            kind="typed",
            color=phrase_color(len(cards) + i),
        )
        for i, text in enumerate(memory.typed)
        if text in result.typed
    ]
    return (*typed, *cards)


def _references(memory: Session) -> tuple[ViewerReference, ...]:
    if memory.loaded is None or memory.radiograph_index != 0:
        return ()
    return tuple(
        ViewerReference(r.label, r.box, r.sentence_index) for r in memory.loaded.references
    )


def _cost(result: work.Work) -> str:
    engine = result.engine
    line = (
        f"{plain(engine.card.title)} on {engine.device}, {engine.precision}. "
        f"Image encoded in {result.encoded.milliseconds:.0f} ms"
    )
    if result.batch:
        line += f", {count(result.batch, 'phrase')} in one batch of {result.batch_ms:.0f} ms"
    return line + "."
