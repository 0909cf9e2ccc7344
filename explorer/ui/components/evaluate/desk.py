"""The page: what is measured with what on top, the figures of the runs on screen below."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import evaluations as work
from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.components.error_box import error_box, guarded
from explorer.ui.components.evaluate.figures import figures
from explorer.ui.components.evaluate.kept_runs import kept_runs
from explorer.ui.door import pipeline
from explorer.ui.evaluations import SOURCES, Evaluations, Variant
from explorer.ui.wording import count, plain
from explorer.ui.work import queue_words


def evaluate() -> None:
    """Draw the page."""
    memory = work.evaluations()
    work.fill_form(memory, again=False)
    with st.container(key="evaluate"):
        st.title("Evaluate")
        with guarded():
            _data_set(memory)
        if memory.corpus is None:
            st.info(
                "Choose a data set with phrases whose place is known: the bundled phantoms, a "
                "folder on this machine, or a table with its images.",
                title="Nothing to measure yet",
            )
        else:
            _run_form(memory)
        if gone := work.there_still(memory):
            st.info(f"{count(gone, 'run')} that stood here was deleted.", title="No longer kept")
        if memory.shown:
            with guarded():
                figures(memory, work.read_runs(memory.shown))
        with guarded():
            kept_runs(memory)
        st.caption(
            f"{RESEARCH_USE}. Runs are kept on this machine in {pipeline.runs_root()}: figures, "
            "phrases and digests of image names and patients; no image, name or path."
        )


def _data_set(memory: Evaluations) -> None:
    source = st.segmented_control(
        "Data set", SOURCES, required=True, key="evaluate_source", persist_state="session"
    )
    memory.kind = source or memory.kind
    if memory.kind == SOURCES[0]:
        _take(memory, ("bundled",), work.bundled_corpus)
    elif memory.kind == SOURCES[1]:
        _folder(memory)
    else:
        _upload(memory)
    if memory.corpus is not None:
        corpus = memory.corpus
        placed = sum(p.present and p.placed for p in corpus.phrases)
        absent = sum(not p.present for p in corpus.phrases)
        images = count(len({p.image for p in corpus.phrases}), "image")
        st.caption(
            f"{plain(corpus.title)} (reader {plain(corpus.reader)}): {images}, "
            f"{count(placed, 'phrase')} with a place, {absent} that are not there. "
            f"Licence: {plain(corpus.licence)}. {' '.join(corpus.notes)}"
        )
    if memory.kind == SOURCES[0]:
        st.caption(
            "Five bundled films are enough to see how it works and too few to judge by. Give a "
            "folder of MS-CXR, NIH boxes, rendered phantoms or your own table for that."
        )


def _folder(memory: Evaluations) -> None:
    with st.form("evaluate_folder"), st.container(horizontal=True, vertical_alignment="bottom"):
        data = st.text_input("Annotations: a file or folder on this machine", key="evaluate_data")
        images = st.text_input("Folder of the images, if another", key="evaluate_images")
        split = st.text_input("Split", key="evaluate_split", width=110)
        read = st.form_submit_button("Read")
    if read and data:
        memory.corpus, memory.source = None, ()
        folder = Path(images).expanduser() if images else None
        place = Path(data).expanduser()
        with st.spinner("Reading the data set"):
            _take(
                memory,
                ("folder", data, images or "", split or "all"),
                lambda: pipeline.read_placed(place, images=folder, split=split or "all"),
            )
    elif memory.source[:1] != ("folder",):
        memory.corpus = None


def _upload(memory: Evaluations) -> None:
    with st.container(horizontal=True):
        table = st.file_uploader("Table: image, phrase, x, y, w, h", "csv", key="evaluate_table")
        pictures = st.file_uploader("Images as a zip", "zip", key="evaluate_zip")
    if table is not None and pictures is not None:
        _take(
            memory,
            ("upload", table.file_id, pictures.file_id),
            lambda: work.unpack(memory, table.getvalue(), pictures.getvalue()),
        )
    elif memory.source[:1] != ("upload",):
        memory.corpus = None


def _take(
    memory: Evaluations, source: tuple[str, ...], read: "Callable[[], work.PlacedCorpus]"
) -> None:
    """Read a data set once; one that cannot be read leaves none."""
    if memory.source == source and memory.corpus is not None:
        return
    memory.corpus, memory.source, memory.shown = None, source, ()
    memory.corpus = read()


def _run_form(memory: Evaluations) -> None:
    titles = pipeline.protocol_names()
    known = {variant.title: variant for variant in work.variants()}
    # Columns lie below one another where the window is narrow.
    left, middle, right = st.columns((8, 8, 1), vertical_alignment="bottom")
    with left:
        chosen = st.multiselect(
            "Checkpoints",
            list(known),
            key="evaluate_variants", persist_state="session",
            help="The first is compared with each of the others.",
        )  # fmt: skip
    with middle:
        protocols = st.multiselect(
            "Protocols", list(titles),
            format_func=titles.__getitem__, key="evaluate_protocols", persist_state="session",
        )  # fmt: skip
    memory.variants, memory.protocols = tuple(chosen), tuple(protocols)
    with right:
        pressed = st.button(
            "Run", type="primary", key="evaluate_run", disabled=not (chosen and protocols)
        )
    with st.expander("What these protocols measure"):
        known_words = {name.split("/")[0]: d for name, d in pipeline.definitions().items()}
        for name in protocols:
            title, words = known_words[name]
            st.markdown(f"**{plain(title)}**")
            st.text(words)
    if pressed:
        _run(memory, [known[title] for title in chosen], list(protocols))


def _run(memory: Evaluations, chosen: list[Variant], protocols: list[str]) -> None:
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Loading the checkpoint")
        st.button("Cancel", key="evaluate_cancel", help="What was measured is kept.")

    def progress(title: str, done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"{plain(title)}: {done} of {count(total, 'image')}")

    def say(text: str) -> None:
        bar.progress(0.0, text)

    assert memory.corpus is not None
    try:
        memory.shown = work.run(
            memory.corpus,
            chosen,
            protocols,
            progress=progress,
            told=queue_words(say, "Measuring"),
        )
    except ExplorerError as error:
        error_box(error)
    finally:
        place.empty()
