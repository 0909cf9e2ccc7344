"""Choices that change the numbers: checkpoint, threshold rule, pooling."""

import streamlit as st

from explorer.ui import engines
from explorer.ui.fields import fill_fields
from explorer.ui.state import Options, Rule, Session

RULES: dict[Rule, str] = {"calibrated": "Calibrated", "otsu": "Otsu", "fixed": "Fixed"}
RULE_HELP = (
    "What belongs to a region. Calibrated: scores that phrases without meaning on a radiograph "
    "rarely reach. Otsu: splits every map into two groups of its own. Fixed: the number you set."
)
POOLINGS = {
    "max": "the best patch decides",
    "mean": "all patches count alike",
    "log-sum-exp": "between the best patch and all of them",
    "attention": "patches weigh as much as they agree",
    "noisy-or": "any one patch suffices",
}
_OWN = "checkpoint's own"


def options_form(memory: Session) -> None:
    """Show the choices in a popover and keep what is chosen for the session."""
    before = memory.options
    fill_options(before, again=False)
    with st.popover("Options", width="content"):
        checkpoint = _checkpoint(before)
        rule = st.segmented_control(
            "Threshold rule",
            list(RULES),
            format_func=RULES.__getitem__,
            required=True,
            key="rule",
            persist_state="session",
            help=RULE_HELP,
        )
        threshold = before.threshold
        if rule == "fixed":
            threshold = st.slider(
                "Threshold (calibrated score)",
                min_value=0.05,
                max_value=0.95,
                step=0.05,
                key="threshold",
                persist_state="session",
            )
        pooling = st.selectbox(
            "Pooling of the phrase score",
            [_OWN, *POOLINGS],
            format_func=lambda name: f"{name}: {POOLINGS[name]}" if name in POOLINGS else name,
            key="pooling",
            persist_state="session",
            help="How the scores of all patches become the one score of a phrase.",
        )
    memory.choose(
        checkpoint=checkpoint,
        rule=rule if rule in RULES else "calibrated",
        threshold=min(0.95, max(0.05, float(threshold))),
        pooling=pooling if pooling in POOLINGS else None,
    )


def choose_checkpoint(memory: Session, name: str) -> None:
    """Choose a checkpoint for all pages, and say so in the field."""
    memory.choose(checkpoint=name)
    fill_options(memory.options, again=True)


def fill_options(options: Options, *, again: bool) -> None:
    """Say in the fields what is chosen.

    Args:
        options: What is chosen.
        again: As in `fill_fields`.
    """
    names = [card.name for card in engines.checkpoints()]
    name = options.checkpoint if options.checkpoint in names else next(iter(names), None)
    gone = st.session_state.get("checkpoint") not in names
    fill_fields({"checkpoint": name}, again=again or gone)
    held = {
        "rule": options.rule,
        "threshold": options.threshold,
        "pooling": options.pooling or _OWN,
    }
    fill_fields(held, again=again)


def _checkpoint(before: Options) -> str | None:
    cards = {card.name: card for card in engines.checkpoints()}
    if len(cards) < 2:
        return before.checkpoint
    names = list(cards)
    name = st.selectbox(
        "Checkpoint",
        names,
        format_func=lambda name: engines.label(cards[name]),
        key="checkpoint",
        persist_state="session",
    )
    return name if name in cards else None
