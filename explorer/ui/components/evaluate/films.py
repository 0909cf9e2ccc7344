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
from explorer.ui.wording import count, one_line, plain

if TYPE_CHECKING:
    import pandas as pd

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
    listed = table[_fits(table["difference"], order)]
    if listed.empty:
        st.caption(f"By this metric none of {count(len(table), 'film')} was.")
    for number, row in enumerate(listed.head(SHOWN).itertuples()):
        difference = f"{row.difference:+.3f}".replace("-", "\u2212") if row.difference else "0.000"
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
    if len(listed) > SHOWN:
        st.caption(f"The first {SHOWN} of {count(len(listed), 'film')}; a saved run has all.")


def _fits(differences: "pd.Series", order: str) -> "pd.Series":
    """Which films belong on a list: a film that is the same was neither lost nor won.

    >>> import pandas as pd
    >>> _fits(pd.Series([-0.5, 0.0, 0.5]), "lost").tolist()
    [True, False, False]
    """
    kept = {"lost": differences < 0, "won": differences > 0}
    return kept.get(order, differences.notna())


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
