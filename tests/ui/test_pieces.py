"""Grounding in pieces: what a second session waits for, what is kept, what is asked twice."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import torch

from explorer import pipeline
from explorer.adapters import AdapterCard
from explorer.entities import Float32, ImageEmbeddings, ModelFrame, Radiograph, Report
from explorer.errors import PhraseError
from explorer.ui import encoded, engines, exports, grounded, sharing
from explorer.ui.encoded import encode
from explorer.ui.grounded import FIRST_PIECE, MOST_UNASKED, PIECE, ground, ground_pieces
from explorer.ui.state import Options

from .tiny import TinyEngine, card, png

OPTIONS = Options()


class SlowEngine(TinyEngine):
    """An engine that says when it reads texts and, once it is `slow`, waits to be let go on."""

    def __init__(self, card: AdapterCard, **options: Any) -> None:
        super().__init__(card, **options)
        self.slow = False
        self.begun, self.let = threading.Semaphore(0), threading.Semaphore(0)
        self.alone: list[bool] = []

    def embed_image(self, pixels: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        self.alone.append(sharing.TURNS.place(sharing.who()) == 0)
        return super().embed_image(pixels, frame=frame)

    def embed_text(self, phrases: Sequence[str]) -> Float32:
        self.alone.append(sharing.TURNS.place(sharing.who()) == 0)
        found = super().embed_text(phrases)
        if self.slow:
            self.begun.release()
            assert self.let.acquire(timeout=20)
        return found


@pytest.fixture
def engine() -> Iterator[Any]:
    st.cache_resource.clear()
    yield SlowEngine(card("one"))
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def film() -> Radiograph:
    return pipeline.read_study([png(7)]).radiographs[0]


def a_report(sentences: int) -> Report:
    return pipeline.read_report(" ".join(f"Nodule {i} is seen." for i in range(sentences)))


def asked_for(engine: TinyEngine) -> list[int]:
    """How many sentences of a report each text batch held, control phrases left out."""
    found = [sum(t.startswith("Nodule") for t in batch) for batch in engine.batches]
    return [count for count in found if count]


def test_the_first_screen_comes_first_and_the_rest_in_pieces(engine: Any, film: Radiograph) -> None:
    report = a_report(80)
    found = list(ground_pieces(engine, encode(engine, film), report, options=OPTIONS))
    assert [(piece.start, piece.stop) for piece in found] == [(0, 12), (12, 44), (44, 76), (76, 80)]
    together = [p.phrase.rstrip(".") for piece in found for p in piece.phrases if p is not None]
    assert together == [f"Nodule {i}" for i in range(80)]


def test_pieces_are_those_of_the_whole_report_at_once(engine: Any, film: Radiograph) -> None:
    report = pipeline.read_report("Left effusion. Discussed with the team. No pneumothorax. " * 9)
    seen = encode(engine, film)
    whole = pipeline.ground_report(engine, seen.embeddings, report)
    in_pieces = grounded.ground_report(engine, seen, report, options=OPTIONS).phrases
    assert [None if p is None else (p.phrase, p.score, p.controls) for p in in_pieces] == [
        None if p is None else (p.phrase, p.score, p.controls) for p in whole
    ]


def test_a_very_long_report_stops_until_the_rest_is_asked_for(
    engine: Any, film: Radiograph
) -> None:
    report, seen = a_report(2000), encode(engine, film)
    found = list(ground_pieces(engine, seen, report, options=OPTIONS))
    assert found[-1].stop == MOST_UNASKED == sum(len(piece.phrases) for piece in found)
    rest = ground_pieces(engine, seen, report, options=OPTIONS, start=MOST_UNASKED, stop=None)
    assert next(rest).start == MOST_UNASKED
    assert sum(len(piece.phrases) for piece in rest) == 2000 - MOST_UNASKED - FIRST_PIECE


def test_a_long_sentence_makes_a_piece_short(engine: Any, film: Radiograph) -> None:
    # A batch is padded to its longest text: 12 times 1,500 characters would be a long turn.
    long = "Nodule " + "and nodule " * 136 + "is seen."
    assert 1_500 < len(long) < 2_000
    text = " ".join(["Nodule is seen."] * 5 + [long] + ["Nodule is seen."] * 5)
    seen = encode(engine, film)
    found = list(ground_pieces(engine, seen, pipeline.read_report(text), options=OPTIONS))
    assert [(piece.start, piece.stop) for piece in found] == [(0, 5), (5, 7), (7, 11)]


def test_a_sentence_that_is_too_long_leaves_the_others(
    engine: Any, film: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = engine.embed_text

    def embed_text(phrases: Sequence[str]) -> Float32:
        if max(map(len, phrases)) > 2_000:
            raise PhraseError("A phrase may have 2,000 characters.")
        return read(phrases)

    monkeypatch.setattr(engine, "embed_text", embed_text)
    long = "Nodule " + "and nodule " * 300 + "is seen."
    report = pipeline.read_report(f"Nodule is seen. {long} Nodule is seen.")
    found = list(ground_pieces(engine, encode(engine, film), report, options=OPTIONS))
    assert [(piece.start, piece.stop, piece.problem) for piece in found] == [
        (0, 1, ""),
        (1, 2, "A phrase may have 2,000 characters."),
        (2, 3, ""),
    ]
    assert [piece.phrases == (None,) for piece in found] == [False, True, False]


def test_nothing_is_grounded_before_it_is_asked_for(engine: Any, film: Radiograph) -> None:
    coming = ground_pieces(engine, encode(engine, film), a_report(80), options=OPTIONS)
    next(coming)
    assert sum(asked_for(engine)) == FIRST_PIECE * 1
    coming.close()  # the page left
    assert sum(asked_for(engine)) == FIRST_PIECE
    assert sharing.TURNS.waiting() == 0


def test_a_rerun_gets_what_was_done_and_goes_on_there(engine: Any, film: Radiograph) -> None:
    report, seen = a_report(80), encode(engine, film)
    coming = ground_pieces(engine, seen, report, options=OPTIONS)
    before = [next(coming), next(coming)]
    coming.close()
    batches = len(engine.batches)
    again = ground_pieces(engine, seen, report, options=OPTIONS)
    found = [next(again), next(again)]
    assert len(engine.batches) == batches
    assert [piece.kept for piece in (*before, *found)] == [False, False, True, True]
    assert [p.phrases for p in found] == [p.phrases for p in before]
    assert next(again).start == FIRST_PIECE + PIECE
    assert len(engine.batches) == batches + 1


def another_option(engine: Any, film: Radiograph, report: Report) -> Any:
    return engine, film, report, Options(rule="fixed", threshold=0.75)


def another_pooling(engine: Any, film: Radiograph, report: Report) -> Any:
    return engine, film, report, Options(pooling="mean")


def another_film(engine: Any, film: Radiograph, report: Report) -> Any:
    return engine, pipeline.read_study([png(8)]).radiographs[0], report, OPTIONS


def another_precision(engine: Any, film: Radiograph, report: Report) -> Any:
    return SlowEngine(engine.card, dtype=torch.bfloat16), film, report, OPTIONS


def another_device(engine: Any, film: Radiograph, report: Report) -> Any:
    return SlowEngine(engine.card, device="cuda"), film, report, OPTIONS


def other_weights(engine: Any, film: Radiograph, report: Report) -> Any:
    return SlowEngine(card("two")), film, report, OPTIONS


def another_reading(engine: Any, film: Radiograph, report: Report) -> Any:
    first, *others = report.sentences
    denied = replace(first, assertion="absent")
    return engine, film, replace(report, sentences=(denied, *others)), OPTIONS


@pytest.mark.parametrize(
    "other",
    [
        another_option,
        another_pooling,
        another_film,
        another_precision,
        another_device,
        other_weights,
        another_reading,
    ],
)
def test_what_was_kept_is_not_taken_for_something_else(
    engine: Any, film: Radiograph, other: Callable[..., Any]
) -> None:
    report = a_report(3)

    def is_kept(engine: Any, film: Radiograph, report: Report, options: Options) -> bool:
        seen = encode(engine, film)
        return next(ground_pieces(engine, seen, report, options=options)).kept

    assert not is_kept(engine, film, report, OPTIONS)
    assert is_kept(engine, film, report, OPTIONS)
    assert not is_kept(*other(engine, film, report))


@pytest.mark.parametrize("other", [another_precision, another_device, other_weights])
def test_an_encoding_belongs_to_weights_device_and_precision(
    engine: Any, film: Radiograph, other: Callable[..., Any]
) -> None:
    first = encode(engine, film)
    second_engine, *_ = other(engine, film, a_report(1))
    second = encode(second_engine, film)
    assert encode(engine, film) is first
    assert second is not first
    assert engines.engine_key(second_engine) != engines.engine_key(engine)
    assert len(encoded.encodings()) == 2


def test_null_peaks_belong_to_the_film_they_were_measured_on(engine: Any, film: Radiograph) -> None:
    other = pipeline.read_study([png(8)]).radiographs[0]
    first = encoded.null_peaks(engine, encode(engine, film))
    assert encoded.null_peaks(engine, encode(engine, film)) is first
    assert encoded.null_peaks(engine, encode(engine, other)) != first


def test_every_use_of_the_engine_holds_the_turn(
    engine: Any, film: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = encode(engine, film)
    found = ground(engine, seen, ["left effusion"], options=OPTIONS).phrases[0]
    assert found is not None
    list(ground_pieces(engine, seen, a_report(3), options=OPTIONS))
    grounded.word_shares(engine, seen, found, way="leave one out", told=None)
    encoded.null_peaks(engine, seen)
    assert len(engine.alone) >= 4  # texts that came before are remembered
    assert all(engine.alone)

    def draw(*_: object) -> bytes:
        engine.alone.append(sharing.TURNS.place(sharing.who()) == 0)
        return b"PNG"

    def load(*_: object, **__: object) -> Any:
        return engine.alone.append(sharing.TURNS.place(sharing.who()) == 0) or engine

    monkeypatch.setattr(pipeline, "grounding_figure", draw)
    monkeypatch.setattr(pipeline, "open_engine", load)
    exports.as_figure(engine, film, [found])
    engines.engine("one")
    assert all(engine.alone)


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("What was waited for did not come about.")


def test_one_sentence_waits_for_one_piece_of_two_thousand(engine: Any, film: Radiograph) -> None:
    seen = encode(engine, film)
    ground(engine, seen, ["warm up"], options=OPTIONS)  # null phrases are read once an engine
    engine.batches.clear()
    engine.slow = True
    told: list[int] = []

    def long() -> None:
        list(ground_pieces(engine, seen, a_report(2000), options=OPTIONS, stop=108))

    def short() -> None:
        ground(engine, seen, ["left effusion"], options=OPTIONS, told=told.append)

    threads = [threading.Thread(target=long, daemon=True)]
    threads[0].start()
    assert engine.begun.acquire(timeout=20)
    threads.append(threading.Thread(target=short, daemon=True))
    threads[1].start()
    wait_until(lambda: told == [1])
    for _ in range(5):  # 12, the typed phrase, 32, 32, 32
        engine.let.release()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    heads = [batch[0].rstrip(".") for batch in engine.batches]
    assert heads == [
        "Nodule 0",
        "left effusion",
        "Nodule 12",
        "Nodule 44",
        "Nodule 76",
    ]
    assert told == [1, 0]


def test_two_sessions_with_one_film_encode_it_once(engine: Any, film: Radiograph) -> None:
    with sharing.turn():
        threads = [threading.Thread(target=encode, args=(engine, film)) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: sharing.TURNS.waiting() == 3)  # both have looked and found nothing
    for thread in threads:
        thread.join(20)
    assert engine.images == 1


class Stopped(BaseException):
    pass


def test_a_script_that_was_superseded_ends_between_pieces(
    engine: Any, film: Radiograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = [False]

    def end() -> None:
        if newer[0]:
            raise Stopped

    context = SimpleNamespace(session_id="a session", yield_check=end)
    monkeypatch.setattr(sharing, "get_script_run_ctx", lambda **_: context)
    assert sharing.who() == "a session"
    coming = ground_pieces(engine, encode(engine, film), a_report(80), options=OPTIONS)
    next(coming)
    newer[0] = True
    with pytest.raises(Stopped):
        next(coming)
    assert sum(asked_for(engine)) == FIRST_PIECE
    assert sharing.TURNS.waiting() == 0


def test_what_is_kept_of_reports_is_bounded_in_bytes(engine: Any, film: Radiograph) -> None:
    seen = encode(engine, film)
    list(ground_pieces(engine, seen, a_report(40), options=OPTIONS))
    kept = grounded.pieces()
    cosines = 40 * 8 * 8 * 4
    assert cosines < kept.bytes < grounded.MOST_BYTES
    assert len(kept) == 2
