"""Films on which two runs differ most, each opened in the workbench or beside a checkpoint."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import ExplorerError
from explorer.placed import PlacedCorpus
from explorer.ui import engines
from explorer.ui import evaluations as work
from explorer.ui.components.error_box import error_box
from explorer.ui.door import pipeline
from explorer.ui.state import PaneChoice, session
from explorer.ui.wording import one_line, plain

if TYPE_CHECKING:
    from explorer.pipeline import Run

ORDERS = {"apart": "Furthest apart", "lost": "Lost by the second", "won": "Won by the second"}
SHOWN = 12


def films(corpus: PlacedCorpus, first: "Run", second: "Run", *, protocol: str, metric: str) -> None:
    """List the films; a press opens one."""
    order = st.segmented_control(
        "Films", list(ORDERS), default="apart", required=True, format_func=ORDERS.__getitem__,
        key=f"films_order_{second.name}",
    )  # fmt: skip
    table = pipeline.most_apart(first, second, protocol=protocol, metric=metric, order=order)
    for number, row in enumerate(table.head(SHOWN).itertuples()):
        difference = f"{row.difference:+.3f}".replace("-", "\u2212")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(
                f"**{difference}** ({row.first:.2f} → {row.second:.2f}) "
                f"{plain(one_line(row.phrase, longest=90))}",
                width="stretch",
            )
            for page in ("ground", "compare"):
                pressed = st.button(
                    f"Open in {page.capitalize()}", key=f"{page}_{second.name}_{number}",
                    type="tertiary",
                )  # fmt: skip
                if pressed:
                    if page == "compare":
                        session().panes = _panes(first, second)
                    _open(corpus, row.image, row.key, page=page)


def _panes(*runs: "Run") -> tuple[PaneChoice, ...]:
    """A pane a run, with its checkpoint, where that is on the shelf."""
    names = [run.card["about"]["checkpoint"]["name"] for run in runs]
    known = {card.name for card in engines.checkpoints()}
    return tuple(PaneChoice(checkpoint=name if name in known else None) for name in names)


def _open(corpus: PlacedCorpus, image: str, key: str, *, page: str) -> None:
    phrase = work.phrase_of(corpus, image, key)
    if phrase is None:
        return
    memory = session()
    try:
        memory.show(work.opened(phrase))
    except (ExplorerError, OSError) as error:
        error_box(error)
        return
    memory.add_typed(phrase.phrase)
    memory.ask(f"t:{phrase.phrase}")
    st.switch_page(f"explorer/ui/pages/{page}.py")
