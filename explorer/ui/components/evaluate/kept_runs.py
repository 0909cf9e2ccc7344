"""Runs that are kept: shown again, compared across versions, taken along, deleted."""

import hashlib
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from explorer.ui import evaluations as work
from explorer.ui.components.error_box import guarded
from explorer.ui.door import pipeline
from explorer.ui.evaluations import Evaluations
from explorer.ui.wording import count, file_size

# What tells runs apart comes first; the long name of the folder last.
_COLUMNS = (
    "checkpoint", "precision", "data set", "images", "date", "complete", "pooling", "protocols",
    "run",
)  # fmt: skip


def kept_runs(memory: Evaluations) -> None:
    """List the runs; what is selected is shown above, saved or deleted."""
    cards = pipeline.list_runs(pipeline.runs_root())
    st.markdown("#### Kept runs")
    if memory.deleted:
        st.success(f"{count(memory.deleted, 'run')} deleted.", title="Deleted")
        memory.deleted = 0
    if not cards:
        st.caption("None yet. A run is kept as soon as its first images are measured.")
        return
    # Rows are selected by number: another list is another table, with nothing selected.
    names = hashlib.sha256("|".join(card["folder"].name for card in cards).encode()).hexdigest()
    told = st.dataframe(
        pd.DataFrame(pipeline.describe_cards(cards)).assign(date=_dates),
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        key=f"kept_runs_{names[:16]}",
        height="content" if len(cards) < 10 else 400,
        column_config={
            "date": st.column_config.DatetimeColumn("date (UTC)", format="YYYY-MM-DD HH:mm")
        },
        column_order=_COLUMNS,
    )
    chosen = [cards[row]["folder"] for row in told["selection"]["rows"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Show selected", key="show_kept", disabled=not chosen):
            memory.shown = tuple(chosen)
            st.rerun()
        _deletion(memory, chosen)
        if len(chosen) == 1:
            with guarded():
                _exports(chosen[0])
        else:
            st.caption("Select one run to save it, several to compare the first with the others.")


def _deletion(memory: Evaluations, chosen: list[Path]) -> None:
    """Delete what is selected, after a second press that says what goes."""
    with st.popover("Delete selected", disabled=not chosen, width="content"):
        runs = count(len(chosen), "run")
        size = sum(pipeline.run_size(folder) for folder in chosen if folder.exists())
        st.markdown(
            f"Delete {runs} ({file_size(size)}) from this machine? Figures of every phrase go; "
            "images and checkpoints stay. Nothing brings a deleted run back but measuring again."
        )
        if st.button(f"Delete {runs}", key="delete_runs", type="primary", disabled=not chosen):
            with guarded():
                work.delete(memory, chosen)
                memory.deleted = len(chosen)
                st.rerun()


def _dates(runs: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(runs["date"], utc=True)


def _exports(folder: Path) -> None:
    for suffix, mime in (
        (".csv", "text/csv"),
        (".json", "application/json"),
        (".parquet", "application/vnd.apache.parquet"),
    ):
        st.download_button(
            f"Save as {suffix[1:]}",
            partial(pipeline.run_bytes, folder, suffix),
            file_name=f"{folder.name}{suffix}",
            mime=mime,
            on_click="ignore",
            key=f"save_run_{suffix[1:]}",
        )
