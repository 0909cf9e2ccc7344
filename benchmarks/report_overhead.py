"""What does grounding a 20-sentence report cost beyond its bare encoder calls?

Run: python benchmarks/report_overhead.py [--rounds 15] [--checkpoint NAME]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice
from typing import Any
from unittest import mock

import torch
from _inputs import bundled_radiograph, distinct_phrases
from _report import alternate, write_report

from explorer import pipeline
from explorer.text import read_report

SENTENCES = 20
PROTOCOL = (
    f"A report of {SENTENCES} distinct sentences on the first bundled radiograph. End to end = "
    "splitting the report, resizing, image encode, one text batch (sentences and their control "
    "phrases; null phrases are embedded once an engine, before), maps, regions and controls. "
    "The ratio is the time of a whole run over the time that the same run spends inside its two "
    "encoder calls, so that a busy machine slows both sides alike and it cannot be below 1. Beside "
    "it each encoder call is made alone, on the very tensors that the whole run passed to it. "
    "Every run has sentences of its own. Every round runs each once, in turn; times are medians, "
    "the ratio is the median of the rounds' ratios."
)


def main() -> None:
    """Measure, check that each tower ran once, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    engine: Any = pipeline.open_engine(options.checkpoint)
    end_to_end = whole_run(engine)
    end_to_end()  # null phrases and the nonsense phrase are embedded once an engine
    image_calls, text_calls, grounded = record_encoder_calls(engine, end_to_end)
    if (len(image_calls), len(text_calls), grounded) != (1, 1, SENTENCES):
        raise SystemExit(
            f"Expected one image encode, one text batch and {SENTENCES} grounded sentences, got "
            f"{len(image_calls)}, {len(text_calls)} and {grounded}."
        )
    inside: list[float] = []
    times = alternate(
        lambda: inside.append(time_inside_encoders(engine._model, end_to_end)),
        *bare_calls(engine, image_calls[0], text_calls[0]),
        rounds=options.rounds,
    )
    whole, image, batch, sentences = (round(statistics.median(kept), 3) for kept in times)
    ratios = [w / i for w, i in zip(times[0], inside[1:], strict=True)]  # without the warm-up
    write_report(
        "report_overhead",
        protocol=PROTOCOL,
        seed=None,
        results={
            "checkpoint": engine.card.name,
            "device": engine.device,
            "precision": engine.precision,
            "image_encodes": len(image_calls),
            "text_batches": len(text_calls),
            "texts_in_batch": int(text_calls[0][0].shape[0]),
            "end_to_end_ms": whole,
            "inside_encoder_calls_ms": round(statistics.median(inside[1:]), 3),
            "bare_image_encode_ms": image,
            "bare_text_batch_ms": batch,
            "bare_text_batch_without_controls_ms": sentences,
            "ratio": round(statistics.median(ratios), 3),
            "ratio_smallest": round(min(ratios), 3),
            "ratio_largest": round(max(ratios), 3),
            "ratio_allowed": 1.3,
        },
    )


def whole_run(engine: pipeline.Engine) -> Callable[[], int]:
    """What grounds a new report on the bundled radiograph and says how many sentences it has."""
    radiograph = bundled_radiograph()
    # Text vectors are kept an engine, so every run gets sentences that none had before.
    sizes = ("small", "moderate", "large")
    phrases = iter([f"{size} {phrase}" for size in sizes for phrase in distinct_phrases(144)])

    def end_to_end() -> int:
        chosen = islice(phrases, SENTENCES)
        sentences = (phrase[0].upper() + phrase[1:].rstrip(".") + "." for phrase in chosen)
        report = read_report("FINDINGS: " + " ".join(sentences))
        embeddings = pipeline.embed(engine, radiograph)
        return sum(p is not None for p in pipeline.ground_report(engine, embeddings, report))

    return end_to_end


def bare_calls(
    engine: Any, image_arguments: tuple[Any, ...], text_arguments: tuple[Any, ...]
) -> tuple[Callable[[], None], ...]:
    """The encoder calls alone: image, text batch, and the sentences of that batch."""
    model, (token_ids, mask) = engine._model, text_arguments

    def bare_image() -> None:
        with torch.inference_mode(), engine.autocast():
            model.encode_image(*image_arguments)

    def bare_text() -> None:
        with torch.inference_mode(), engine.autocast():
            model.encode_text(token_ids, mask)

    def bare_sentences_only() -> None:
        with torch.inference_mode(), engine.autocast():
            model.encode_text(token_ids[:SENTENCES], mask[:SENTENCES])

    return bare_image, bare_text, bare_sentences_only


def record_encoder_calls(
    engine: Any, run: Callable[[], int]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], int]:
    """Run once; return the arguments of each image and text encoder call, and the run's result."""
    model = engine._model
    with (
        mock.patch.object(model, "encode_image", wraps=model.encode_image) as image,
        mock.patch.object(model, "encode_text", wraps=model.encode_text) as text,
    ):
        result = run()
    return [call.args for call in image.mock_calls], [call.args for call in text.mock_calls], result


def time_inside_encoders(model: Any, run: Callable[[], Any]) -> float:
    """Run once; milliseconds of that run that were spent inside the two encoder calls."""
    spent = 0.0

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def encode(*arguments: Any) -> Any:
            nonlocal spent
            start = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                _wait()
                spent += time.perf_counter() - start

        return encode

    with (
        mock.patch.object(model, "encode_image", timed(model.encode_image)),
        mock.patch.object(model, "encode_text", timed(model.encode_text)),
    ):
        run()
    return spent * 1000


def _wait() -> None:
    """Let a GPU finish: its calls return before their work is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
