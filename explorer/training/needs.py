"""Whether a training set has what its method asks for; counted before the first step."""

from collections.abc import Callable, Mapping

from explorer.errors import TrainingError
from explorer.methods import find_method
from explorer.methods._base import NEEDS
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools
from explorer.training.samples import TrainingStudy
from explorer.training.told import told

_LOOKED_AT = 500  # studies of each kind
_LEAST_SHARE = 0.1  # below, most batches would have nothing to learn from

Has = Callable[[TrainingStudy], bool]


def _sentences(study: TrainingStudy) -> int:
    return len(told(study.report)) or len(study.targets)


def _sections(study: TrainingStudy) -> bool:
    return {1, 2} <= {sentence.section for sentence in told(study.report)}


_HAS: Mapping[str, Has] = {
    "placed": lambda study: bool(study.targets),
    "sentences": lambda study: _sentences(study) >= 1,
    "several sentences": lambda study: _sentences(study) >= 2,
    "tokens": lambda study: _sentences(study) >= 1,
    "sections": _sections,
    "second": lambda _: True,
    "laterals": lambda _: False,  # no reader keeps laterals with their frontals yet
    "labels": lambda study: study.known,
    "ids": lambda _: True,
}


def require_needs(pools: Pools, config: TrainingConfig) -> None:
    """Refuse a training set that lacks what the method needs, or a batch that is too small.

    A method that needs places learns from labels and reports beside them, so one study with a
    place is enough, or a label that the model may place itself.

    Raises:
        TrainingError: It names the need and how many of the studies looked at have it.
    """
    card = find_method(config.method).card
    shares = pools.shares(config)
    images = sum(count for _, count in shares)
    if images < card.needs_batch:
        raise TrainingError(
            f"{config.method} needs batches of at least {card.needs_batch} images, the settings "
            f"ask for {images}. Raise boxed, weak or phantoms."
        )
    studies = [pool[i] for pool, _ in shares for i in range(min(len(pool), _LOOKED_AT))]
    for need in sorted(card.needs - {"placed"}):
        having = sum(map(_HAS[need], studies))
        if having < max(1, _LEAST_SHARE * len(studies)):
            raise TrainingError(
                f"{config.method} needs {NEEDS[need]}; {having:,} of {len(studies):,} studies "
                "have them. Use another method (explorer methods), or data that has them."
            )
