"""Where the study comes from: a bundled one, or files of your own."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.ui import cache
from explorer.ui.components.error_box import guarded
from explorer.ui.state import LoadedStudy, Problem, Session, session
from explorer.ui.theme import EXPECTED
from explorer.ui.upload import File, read_upload
from explorer.ui.wording import count, plain

BUNDLED, OWN = "Bundled studies", "Your own files"
MEGABYTES = 128
THUMBNAIL_WIDTH = 48  # CSS pixels
Slots = dict[str, DeltaGenerator]


def source_choice() -> str:
    """Let the person choose between bundled studies and own files."""
    chosen = st.segmented_control(
        "Where the study comes from",
        [BUNDLED, OWN],
        default=BUNDLED,
        required=True,
        key="source",
        persist_state="session",
        label_visibility="collapsed",
    )
    return str(chosen or BUNDLED)


def gallery(memory: Session) -> Slots:
    """Show a card for every bundled study; one click puts it on screen.

    Returns:
        An empty place for the picture of each study, to be filled when the page is otherwise
        done: reading every study must not delay the first map.
    """
    slots: Slots = {}
    if not cache.shelf():
        st.warning(
            "No study came with this copy of the program: its folder assets/studies is missing "
            "or empty. Clone the repository or install the package again, or open your own files."
        )
    with st.container(horizontal=True, wrap=False, gap="xsmall", key="gallery"):
        for study in cache.shelf():
            shown = memory.loaded is not None and memory.loaded.name == study.name
            words, tone = EXPECTED.get(study.expected, (study.expected, "gray"))
            with st.container(
                border=True, width=240, height="stretch", horizontal=True, gap="small"
            ):
                slots[study.name] = st.skeleton(THUMBNAIL_WIDTH, width=THUMBNAIL_WIDTH)
                with st.container(gap="xxsmall", width="stretch"):
                    st.markdown(f":small[**{plain(study.title)}**]")
                    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                        st.markdown(f":{tone}-badge[{words}]", width="content")
                        st.button(
                            "On screen" if shown else ":primary[Show]",
                            key=f"show_{study.name}",
                            help=None if shown else plain(study.description),
                            disabled=shown,
                            on_click=_show_bundled,
                            args=(study.name,),
                            type="tertiary",
                        )
    return slots


def fill_thumbnails(slots: Slots) -> None:
    """Draw the pictures of the gallery."""
    for study in cache.shelf():
        if study.name in slots:
            with guarded(about=study.title):
                slots[study.name].image(
                    cache.bundled_thumbnail(study.name),
                    width=THUMBNAIL_WIDTH,
                    alt=f"Radiograph of the bundled study: {study.title}",
                )


def show_first(memory: Session) -> None:
    """Put the first bundled study on screen for a visitor who has chosen nothing yet."""
    studies = cache.shelf()
    if memory.loaded is None and studies:
        memory.show(cache.bundled(studies[0].name))


def _show_bundled(name: str) -> None:
    try:
        session().show(cache.bundled(name))
    except Exception as error:  # noqa: BLE001 - a callback has no page to draw on; shown below
        session().problems = (Problem.of(error, about=name),)


def own_files(memory: Session) -> None:
    """Show the upload form, or one line about the files on screen."""
    loaded = memory.loaded
    if loaded is not None and loaded.origin == "upload" and not memory.uploading:
        _summary(loaded)
        return
    with st.form("upload", border=True):
        left, right = st.columns(2, gap="medium")
        films = left.file_uploader(
            "Radiographs",
            accept_multiple_files=True,
            max_upload_size=MEGABYTES,
            key="films",
            help="DICOM (CR, DX, SC), PNG, JPEG or TIFF. The content decides, not the name.",
        )
        text = right.text_area(
            "Report",
            key="report_text",
            height=120,
            placeholder="Paste the report here, or leave it empty and type phrases later.",
            persist_state="session",
        )
        report = right.file_uploader("or a text file with the report", key="report_file")
        st.caption(
            "The files stay in the memory of this process. Nothing is written to disk or logged."
        )
        if st.form_submit_button("Ground this study", type="primary", key="submit_upload"):
            _read(
                memory,
                [File(film.name, film.getvalue()) for film in films or ()],
                text or "",
                File(report.name, report.getvalue()) if report else None,
            )


def _read(memory: Session, films: list[File], text: str, report: File | None) -> None:
    with st.status(f"Reading {count(len(films), 'file')}") as status:
        loaded, problems = read_upload(films, typed_report=text, report_file=report)
        if loaded is None:
            status.update(label="Nothing could be read", state="error")
        else:
            status.update(label="Read", state="complete")
    if loaded is None:
        memory.problems = problems
        return
    memory.show(loaded, problems=problems)
    memory.uploading = False
    st.rerun()


def _summary(loaded: LoadedStudy) -> None:
    films = count(len(loaded.study.radiographs), "radiograph")
    report = loaded.study.report
    words = count(len(report.sentences), "sentence") if report else "no report"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Your files:** {films}, {words}.")
        st.button("Open other files", on_click=_open_form, key="open_upload")


def _open_form() -> None:
    session().uploading = True
    session().problems = ()


def problem_list(memory: Session) -> None:
    """Name every part of the last upload that could not be used."""
    for problem in memory.problems:
        about = f"{plain(problem.about, longest=80)}: " if problem.about else ""
        st.error(plain(problem.message), title=f"{about}{problem.title}")
