"""What a person opens: taken over once, read, and put on screen in place of what was there."""

from collections.abc import Mapping

import streamlit as st

from explorer.ui import engines, search, shelf
from explorer.ui.door import pipeline
from explorer.ui.state import File, Incoming, Problem, Session, session, typed_words
from explorer.ui.upload import read_upload
from explorer.ui.wording import count

MEGABYTES = 128  # a file; explorer.reading checks again before decoding
MOST_FILES = 16
_REMEMBERED = 8 * MOST_FILES  # uploads
# Two fields take turns, so that files dropped while others are read have a free one.
FIELDS = ("drop_a", "drop_b", "add")

NO_STUDIES = Problem(
    about="Bundled studies",
    title="No study came with this copy of the program",
    message="Its folder assets/studies is missing or empty. Clone the repository or install the "
    "package again; your own files can be opened all the same.",
)


def field_key(name: str) -> str:
    """Key of a file field; a field whose files were taken over is replaced by an empty one."""
    return f"{name}_{session().spent.get(name, 0)}"


def take_over(name: str, key: str) -> None:
    """Keep the files of a field and empty it, so that none of them stays for the next study.

    A run that a press cuts short makes Streamlit tell of the same files again: they are known by
    the id that each upload has of its own, and opened once.
    """
    memory = session()
    chosen = st.session_state.get(key) or ()
    if any(file.file_id not in memory.taken for file in chosen):
        memory.taken = (*memory.taken, *(file.file_id for file in chosen))[-_REMEMBERED:]
        files = tuple(File(file.name, file.getvalue()) for file in chosen)
        memory.incoming = Incoming(files, joins=name == "add")
        memory.spent[name] = memory.spent.get(name, 0) + 1


def open_incoming(memory: Session) -> None:
    """Read the files that were chosen last and put their study on screen."""
    incoming, memory.incoming = memory.incoming, None
    if incoming is None:
        return
    memory.arrived = True
    try:
        _open(memory, incoming)
    except Exception as error:  # noqa: BLE001 - the border to the person
        memory.fail((Problem.of(error, about=count(len(incoming.files), "file")),))


def _open(memory: Session, incoming: Incoming) -> None:
    joined_to = memory.loaded if incoming.joins else None
    opened = read_upload(incoming.files, joined_to=joined_to)
    if opened.report is not None:
        memory.loose_report = opened.report
    if opened.study is not None:
        memory.show(opened.study, problems=opened.problems)
    else:
        memory.fail(opened.problems or _missing_radiograph(incoming))


def _missing_radiograph(incoming: Incoming) -> tuple[Problem, ...]:
    only_text = len(incoming.files) == 1
    return (
        Problem(
            about="" if not only_text else incoming.files[0].name,
            title="A report came without a radiograph",
            message="Grounding needs a radiograph (DICOM, PNG, JPEG or TIFF), got "
            f"{count(len(incoming.files), 'text file')}. Open the radiograph and its report "
            "together, or join this report to a study that is open.",
        ),
    )


def join_loose_report(memory: Session) -> None:
    """Join the report that came alone to the study on screen, because the person said so."""
    if memory.loaded is None:
        memory.go_back()
    loaded, text = memory.loaded, memory.loose_report
    if loaded is None or text is None:
        return
    try:
        study = pipeline.make_study(loaded.study.radiographs, report=pipeline.read_report(text))
    except Exception as error:  # noqa: BLE001 - the border to the person; the study stays
        memory.show_again(problems=(Problem.of(error, about="Report"),))
        return
    memory.loose_report = None
    memory.show_again(study=study, references=())


def use_report(memory: Session, text: str) -> None:
    """Give the study on screen the report that was pasted for it."""
    memory.loose_report = text
    join_loose_report(memory)


def open_bundled(name: str) -> None:
    """Put a bundled study on screen."""
    try:
        session().show(shelf.bundled(name).anew())
    except Exception as error:  # noqa: BLE001 - a callback has no page to draw on; shown on it
        session().fail((Problem.of(error, about=name),))


def open_first(memory: Session) -> None:
    """Put the first bundled study on screen for a visitor who has chosen nothing yet."""
    if memory.loaded is not None or memory.failed:
        return
    if studies := shelf.shelf():
        open_bundled(studies[0].name)
    elif NO_STUDIES not in memory.problems:
        memory.problems += (NO_STUDIES,)


def follow_link(memory: Session, address: Mapping[str, str]) -> tuple[Problem, ...]:
    """Open what the address of the page names: a bundled study, a checkpoint, a phrase, a search.

    Own files are never named in an address. An address is followed once: a reload keeps what was
    done since, and another address, in the same tab, too, is followed.

    Returns:
        What it names and is not there; the rest is shown.
    """
    if not address or dict(address) == memory.link_read:
        return ()
    memory.link_read = dict(address)
    problems = [*_follow_checkpoint(memory, address.get("checkpoint"))]
    if name := address.get("study"):
        if name in {study.name for study in shelf.shelf()}:
            open_bundled(name)
        else:
            problems.append(_not_here("study", name, [s.name for s in shelf.shelf()]))
    if phrase := address.get("phrase"):
        words = typed_words(phrase)
        memory.add_typed(words)
        memory.ask(f"t:{words}")
    if query := search.linked(address):
        memory.asked_search = query
        search.fill_form(query, again=True)
    return tuple(problems)


def _follow_checkpoint(memory: Session, name: str | None) -> list[Problem]:
    known = [card.name for card in engines.checkpoints()]
    if name is None:
        return []
    if name not in known:
        return [_not_here("checkpoint", name, known)]
    memory.choose(checkpoint=name)
    return []


def _not_here(kind: str, name: str, known: list[str]) -> Problem:
    return Problem(
        about="The link",
        title=f"The {kind} it names is not here",
        message=f"There is no {kind} {name[:60]!r}. Available: {', '.join(known)}.",
    )
