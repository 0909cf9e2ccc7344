"""The methods there are to train with: paper, equation, idea, and which checkpoint used them."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.ui import engines
from explorer.ui.door import pipeline
from explorer.ui.wording import one_line, plain

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, MethodRecord

KINDS = {
    "objective": "objectives, which train a checkpoint",
    "estimator": "estimators of mutual information",
    "head": "heads on a frozen checkpoint",
    "protocol": "protocols",
}


def methods_part() -> None:
    """Draw the list and the method that is chosen."""
    records = {record.id: record for record in pipeline.list_methods()}
    st.subheader("Methods")
    st.markdown(
        f"{len(records)} published ways to learn are here. Train with one by "
        "`explorer train --method NAME`; `explorer methods NAME` prints its options."
    )
    name = st.selectbox(
        "Method",
        sorted(records, key=lambda key: (list(KINDS).index(records[key].kind), key)),
        format_func=lambda key: one_line(f"{records[key].title} ({records[key].year})"),
        key="method",
        persist_state="session",
        width=420,
    )
    if name in records:
        _method(records[name])


def _method(record: "MethodRecord") -> None:
    with st.container(border=True, key="method_card"):
        kind = KINDS.get(record.kind, record.kind)
        st.markdown(f"#### {plain(record.title)} :gray-badge[{plain(record.kind)}]")
        st.markdown(plain(record.intuition))
        st.code(record.equation, language=None, wrap_lines=True)
        st.caption(f"{plain(record.paper)}. One of the {kind}.")
        if record.ours:
            st.markdown("**Our choices**")
            st.markdown("\n".join(f"- {plain(line)}" for line in record.ours))
        used = [card for card in engines.checkpoints() if record.id in trained_with(card)]
        if used:
            names = ", ".join(plain(card.title) for card in used)
            st.markdown(f"**Trained with it:** {names}")
        else:
            st.caption("No checkpoint on this shelf says that it was trained with it.")


def trained_with(card: "AdapterCard") -> tuple[str, ...]:
    """Ids of the methods that the card of a checkpoint names."""
    said = card.extra.get("method") or card.extra.get("methods") or ()
    found = [said] if isinstance(said, str) else said
    return tuple(str(name) for name in found) if isinstance(found, list | tuple) else ()
