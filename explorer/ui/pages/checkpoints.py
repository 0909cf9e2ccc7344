"""The shelf of checkpoints: where each comes from, what it was trained on, how it runs here."""

from statistics import median
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.ui import encoded, engines
from explorer.ui.components.audit_part import audit_part
from explorer.ui.components.error_box import guarded
from explorer.ui.components.measured import measured_grounding
from explorer.ui.components.methods_part import methods_part
from explorer.ui.measured_here import Measured, measure, measured
from explorer.ui.state import Problem, session
from explorer.ui.wording import file_size, plain

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, Engine

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
DEVICE_REASONS = {
    "cuda": "a CUDA graphics card was found",
    "mps": "an Apple graphics processor was found",
    "cpu": "no graphics card was found",
}
PRECISION_REASONS = {
    ("cpu", "bfloat16"): "this processor multiplies in bfloat16, about twice as fast",
    ("cpu", "float32"): "this processor does not multiply in bfloat16",
    ("cuda", "bfloat16"): "this graphics card multiplies in bfloat16",
    ("cuda", "float16"): "this graphics card has no bfloat16, so half precision is used",
    ("mps", "float32"): "the Apple graphics processor is run in full precision",
}
# Figures of cards in words; others are shown as the card spells them.
FIGURES = {
    "pointing": "Pointing game",
    "miou": "mIoU",
    "cnr": "CNR",
    "image_to_report_recall_at_10": "Image to report, R@10",
    "report_to_image_recall_at_10": "Report to image, R@10",
    "region_nmi": "NMI of region prototypes with findings",
    "information_nats": "Mutual information, nats",
    "commit": "Commit it was measured at",
}


def show() -> None:
    """Draw the page."""
    st.title("Checkpoints")
    st.markdown(
        "Trained weights that every page can use. Their hashes are checked each time they "
        "are loaded; only safetensors are opened, no code in a checkpoint folder is run."
    )
    _device_form()
    with guarded():
        for number, card in enumerate(engines.checkpoints()):
            with st.container(border=True, key=f"card_{number}"), guarded(about=card.title):
                _card(card, default=number == 0)
    for problem in engines.broken_checkpoints():
        st.error(plain(str(problem)), title="A checkpoint folder is left out")
    st.button("Look for new checkpoints", on_click=engines.look_again, key="rescan")
    with guarded(about="Methods"):
        methods_part()


def _device_form() -> None:
    memory = session()
    with st.container(horizontal=True):
        device = st.selectbox(
            "Device",
            DEVICES,
            index=DEVICES.index(memory.options.device),
            key="device_choice",
            width=200,
            help="For this session. auto takes a graphics card when there is one.",
        )
        precision = st.selectbox(
            "Precision",
            PRECISIONS,
            index=PRECISIONS.index(memory.options.precision),
            key="precision_choice",
            width=200,
            help="For this session. auto takes the fastest that this device computes well.",
        )
        memory.choose(device=device, precision=precision)


def _card(card: "AdapterCard", *, default: bool) -> None:
    loaded = engines.loaded_engines(card.name)
    options = session().options
    badges = " ".join(_badges(card, default=default, loaded=bool(loaded)))
    st.markdown(f"#### {plain(card.title)} {badges}")
    _buttons(card, loaded)
    if wrong := engines.hash_state(card.name):
        st.error(plain(wrong), title="A file is not the one its card names")
    for problem in session().problems:
        if problem.about == card.name:
            st.error(plain(problem.message), title=problem.title)
    st.caption(_in_short(card))
    if found := measured(card.name, options.device, options.precision):
        st.table(_measured_rows(found), alt=f"Measured here with {card.title}", width="content")
    with st.expander("Details", expanded=default, key=f"details_{card.name}"):
        _details(card, loaded)


def _buttons(card: "AdapterCard", loaded: "dict[tuple[str, str], Engine]") -> None:
    """What can be done with a checkpoint, and the wait while it is loaded or measured."""
    options = session().options
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Check hashes",
            key=f"hash_{card.name}",
            on_click=engines.check_hashes,
            args=(card.name,),
            disabled=engines.hash_state(card.name) == "",
            help="Reads every file the card names and compares its sha256; nothing is loaded.",
        )
        measures = st.button(
            "Measure here",
            key=f"measure_{card.name}",
            disabled=session().radiograph is None,
            help="Loads it anew, then encodes the film on screen and four phrases, five times.",
        )
        loads = st.button(
            "Load",
            key=f"load_{card.name}",
            disabled=(options.device, options.precision) in loaded,
        )
        st.button(
            "Unload",
            key=f"unload_{card.name}",
            on_click=engines.unload,
            args=(card.name,),
            disabled=not loaded,
        )
    if measures or loads:  # here and not in a callback, which could not say that it is at work
        with st.spinner("Loading and measuring" if measures else "Loading"):
            (_measure if measures else _load)(card.name)
        st.rerun()


def _in_short(card: "AdapterCard") -> str:
    """One line that is enough to choose by."""
    rows, columns = card.input_size
    return (
        f"Name: {plain(card.name)} · {plain(card.family)} · {rows} x {columns} pixels · "
        f"{card.parameters:,} parameters · "
        f"{file_size(card.size_bytes)} on disk · {plain(card.allows)}"
    )


def _details(card: "AdapterCard", loaded: "dict[tuple[str, str], Engine]") -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.table(_facts(card), alt=f"What is known of {card.title}")
    with right:
        if grounding := card.metrics.get("grounding"):
            measured_grounding(grounding, key=card.name)
        elif others := card.metrics or card.extra.get("validation"):
            under, others = _under_one_name(others)
            st.markdown(f"**Measured, as its card says{under}**")
            st.table(_flat(others), alt=f"Figures measured with {card.title}")
        for (device, precision), engine in loaded.items():
            _runs(engine, device=device, precision=precision)
    for (device, precision), engine in loaded.items():
        audit_part(engine, key=f"{card.name}_{device}_{precision}")


def _badges(card: "AdapterCard", *, default: bool, loaded: bool) -> list[str]:
    """What there is to see at once: default, licence, hashes, loaded."""
    colour = "orange" if card.restricted else "green"
    state = engines.hash_state(card.name)
    hashes = {
        None: ":gray-badge[hashes not checked]",
        "": ":green-badge[hashes match]",
    }.get(state, ":red-badge[hashes differ]")
    return [
        *([":blue-badge[default]"] if default else []),
        f":{colour}-badge[{plain(card.licence, longest=24)}]",
        hashes,
        ":green-badge[loaded]" if loaded else ":gray-badge[not loaded]",
    ]


def _measure(name: str) -> None:
    memory = session()
    memory.problems = ()
    film, options = memory.radiograph, memory.options
    try:
        if film is not None:
            measure(name, options.device, options.precision, film)
    except Exception as error:  # noqa: BLE001 - the border to the person; shown on its card
        memory.problems = (Problem.of(error, about=name),)


def _measured_rows(found: Measured) -> dict[str, list[str]]:
    rows = {
        "One film": f"{found.image_ms:.0f} ms",
        "Four phrases": "reads no text" if found.text_ms is None else f"{found.text_ms:.0f} ms",
        "Loading": f"{found.load_ms / 1000:.1f} s",
        "Memory it took": "not known here" if found.memory is None else file_size(found.memory),
    }
    return {"Measured here": list(rows), "Value": list(rows.values())}


def _load(name: str) -> None:
    memory = session()
    memory.problems = ()
    options = memory.options
    try:
        engines.engine(name, device=options.device, precision=options.precision)
    except Exception as error:  # noqa: BLE001 - the border to the person; shown on its card
        memory.problems = (Problem.of(error, about=name),)


def _facts(card: "AdapterCard") -> dict[str, list[str]]:
    rows = {
        "Licence": f"{card.licence}. {card.allows}",
        "Trained on": card.training_data,
        "Input": f"{card.input_size[0]} x {card.input_size[1]} pixels, {card.frame_mode}",
        "Patch grid": f"{card.grid_size[0]} x {card.grid_size[1]}, {card.dimension} numbers each",
        "Parameters": f"{card.parameters:,}",
        "Size on disk": file_size(card.size_bytes),
        "Pooling": card.pooling,
        "Threshold": "not calibrated"
        if card.calibration is None
        else f"{card.calibration.threshold:.2f} (calibrated on null phrases)",
        # In groups, so that a narrow cell can break it.
        "Weights, sha256": " ".join(card.sha256[i : i + 16] for i in range(0, 64, 16)),
    }
    return {"Fact": list(rows), "Value": [plain(value) for value in rows.values()]}


def _under_one_name(metrics: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What all figures have in common, e.g. ": methods at equal cost", and the figures."""
    if len(metrics) == 1:
        ((name, inner),) = metrics.items()
        if isinstance(inner, dict):
            return f": {plain(name.replace('_', ' '))}", inner
    return "", metrics


def _flat(metrics: dict[str, object], *, prefix: str = "") -> dict[str, list[str]]:
    """Lay nested figures out as rows, e.g. "val / plain / pointing" and "0.57"."""
    names: list[str] = []
    values: list[str] = []
    for name, value in metrics.items():
        label = f"{prefix}{name}"
        if isinstance(value, dict):
            inner = _flat(value, prefix=f"{label} / ")
            names += inner["Figure"]
            values += inner["Value"]
        else:
            names.append(plain(FIGURES.get(label, label.replace("_", " "))))
            values.append(f"{value:.3g}" if isinstance(value, float) else plain(str(value)))
    return {"Figure": names, "Value": values}


def _runs(engine: "Engine", *, device: str, precision: str) -> None:
    why_device = DEVICE_REASONS[engine.device] if device == "auto" else "you chose it"
    why_precision = PRECISION_REASONS.get((engine.device, engine.precision), "the safe choice")
    if precision != "auto":
        why_precision = "you chose it"
    times = encoded.latencies(engine)
    speed = (
        f"Median image encode {median(times):.0f} ms (last {len(times)})."
        if times
        else "No image was encoded with it yet."
    )
    st.markdown(
        f"**Runs here** on **{engine.device}** ({why_device}) in **{engine.precision}** "
        f"({why_precision}). {speed}"
    )


if __name__ == "__main__":
    with st.container(key="text_page"):
        show()
