"""The engines in memory: loaded once a process for all sessions, listed and dropped by hand."""

from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui.door import pipeline
from explorer.ui.memory import give_back
from explorer.ui.sharing import turn
from explorer.ui.wording import one_line

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, Engine

MOST_ENGINES = 4  # as many as the viewer has panes
_LOADED: "dict[tuple[str, str, str], Engine]" = {}
_HASHES: dict[str, str] = {}  # "" where the files match their card, else why not


def _forget(released: "Engine") -> None:
    for key in [key for key, engine in _LOADED.items() if engine is released]:
        del _LOADED[key]


@st.cache_resource(show_spinner=False, max_entries=MOST_ENGINES, on_release=_forget)
def _engine(name: str, device: str, precision: str) -> "Engine":
    with turn():
        loaded = pipeline.open_engine(name, device=device, precision=precision)
    _LOADED[name, device, precision] = loaded
    return loaded


def engine(name: str | None = None, *, device: str = "auto", precision: str = "auto") -> "Engine":
    """Load a checkpoint once for all sessions; the least recently used of four makes room.

    Raises:
        CheckpointError: Unknown name, broken folder, or absent device.
    """
    return _engine(name or checkpoints()[0].name, device, precision)


def engine_key(loaded: "Engine") -> str:
    """Name an engine by what decides its numbers: weights, device and precision."""
    return loaded.space_id


def loaded_engines(name: str) -> "dict[tuple[str, str], Engine]":
    """Engines of a checkpoint that are in memory, by the (device, precision) asked for."""
    return {key[1:]: engine for key, engine in list(_LOADED.items()) if key[0] == name}


def unload(name: str) -> None:
    """Drop every engine of a checkpoint from memory; results of all sessions stay."""
    for device, precision in loaded_engines(name):
        _engine.clear(name, device, precision)
    give_back()


def check_hashes(name: str) -> None:
    """Compare the files of a checkpoint with its card, in turn, and keep what came of it."""
    with turn():
        try:
            pipeline.verify_checkpoint(name)
        except ExplorerError as error:
            _HASHES[name] = str(error)
        else:
            _HASHES[name] = ""


def hash_state(name: str) -> str | None:
    """Say why files do not match their card, nothing if they do; None when nobody has looked."""
    return "" if loaded_engines(name) else _HASHES.get(name)


def look_again() -> None:
    """Read the shelf anew, and forget what is known of its files."""
    _HASHES.clear()
    checkpoints.clear()


@st.cache_resource(show_spinner=False, ttl="10m")
def checkpoints() -> "tuple[AdapterCard, ...]":
    """List the cards of the checkpoints on the shelf."""
    return tuple(pipeline.list_checkpoints())


def label(card: "AdapterCard") -> str:
    """What a list calls a checkpoint: its name first, for titles may begin alike."""
    return one_line(f"{card.name} · {card.title}")


def broken_checkpoints() -> tuple[Exception, ...]:
    """Say what is wrong with checkpoint folders that are not on the shelf."""
    return tuple(pipeline.broken_checkpoints())


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a process: start the decoding children, load and encode what a first visit shows.

    What fails here fails again where it is needed, and is explained there.
    """
    from explorer.ui.encoded import encode
    from explorer.ui.shelf import bundled, shelf

    with suppress(Exception):
        pipeline.warm_up()
        loaded = engine()
        for study in shelf()[:1]:
            encode(loaded, bundled(study.name).study.radiographs[0])
