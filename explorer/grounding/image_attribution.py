"""Which pixels of a film carry the score of a phrase: captum's ways on any engine with gradients.

The score is the logit of the phrase for the whole film, with the checkpoint's own pooling. What is
"not there" is uniform grey: the mean of the network input of this film, channel by channel.
Captum and torch take seconds to import: only who asks for a map pays for them.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast

import cv2
import numpy as np

from explorer.entities import Float32, ModelFrame

STEPS = 16  # of the path of integrated gradients
MOST_CELLS = 20  # a side of the grid that a map is laid out on
WINDOWS = 10  # a side: how many windows occlusion greys out one after the other
BATCH = 4  # images encoded at once: each batch takes a turn and is told

Around = Callable[[], AbstractContextManager[object]]


class Differentiable(Protocol):
    """What an engine lets gradients through; see `explorer.adapters.DualEngine`."""

    def on_device(self, images: Sequence[Float32]) -> Any:
        """Network input (B, channels, rows, columns)."""
        ...

    def patches_with_gradient(self, images: Any) -> Any:
        """Patches (B, h, w, D) before unit norm."""
        ...

    def film_logits(self, patches: Any, vector: Any) -> Any:
        """Logit (B,) of a phrase (D,) for patches (B, h, w, D)."""
        ...

    def last_stage(self) -> Any:
        """Layer and grid of the last stage of the image tower; None where it names none."""
        ...

    def turned_back(self, maps: Any) -> Any:
        """One map (h, w) of a film from those (V, h, w) of the views that the tower sees."""
        ...


@dataclass(frozen=True, slots=True)
class Attribution:
    """What parts of the model input add to the logit of a phrase.

    Attributes:
        values: (rows, columns) float32 of the model input or of the patch grid, signed.
        unit: What a value is, in words.
        delta: Integrated gradients: how far the sum of values is from `change`, in logits.
        change: Logit of the film minus that of uniform grey.
    """

    values: Float32
    unit: str
    delta: float | None = None
    change: float | None = None


def attribute_image(
    model: Differentiable,
    image: Float32,
    vector: Float32,
    *,
    way: str,
    around: Around = nullcontext,
) -> Attribution:
    """Share the logit of a phrase out among the pixels of a film.

    Args:
        model: Of the checkpoint.
        image: In the model frame, (rows, columns) in [0, 1], NaN = padding.
        vector: Of the phrase, (D,) unit norm.
        way: A name of `WAYS`.
        around: Entered for each call of the model, e.g. to take turns between them.

    Raises:
        ValueError: The way is unknown.
    """
    if way not in WAYS:
        raise ValueError(f"Unknown way {way!r}. Available: {', '.join(WAYS)}.")
    import torch

    inputs = model.on_device([image]).float()
    phrase = torch.from_numpy(np.asarray(vector, np.float32)).to(inputs.device)
    return WAYS[way](_Score(model, phrase, around), inputs)


@dataclass(frozen=True, slots=True)
class _Score:
    """The logit of one phrase as a function of network inputs."""

    model: Differentiable
    phrase: Any
    around: Around

    def __call__(self, images: Any) -> Any:
        with self.around():
            return self.of_patches(self.model.patches_with_gradient(images))

    def of_patches(self, patches: Any) -> Any:
        return self.model.film_logits(patches, self.phrase)


def _grey(inputs: Any) -> Any:
    return inputs.mean(dim=(-2, -1), keepdim=True).expand_as(inputs)


def _gradient_times_input(score: _Score, inputs: Any) -> Attribution:
    from captum.attr import InputXGradient

    grey = _grey(inputs)

    def moved(contrast: Any) -> Any:
        return score(grey + contrast)

    # Of the contrast with grey, so that grey itself adds nothing.
    found = InputXGradient(moved).attribute((inputs - grey).requires_grad_())
    return Attribution(_summed(found), "gradient times contrast with grey, logits")


def _integrated_gradients(score: _Score, inputs: Any) -> Attribution:
    from captum.attr import IntegratedGradients

    grey = _grey(inputs)
    found, delta = IntegratedGradients(score).attribute(
        inputs,
        baselines=grey,
        n_steps=STEPS,
        internal_batch_size=BATCH,
        return_convergence_delta=True,
    )
    values, missed = _summed(found), float(delta[0])
    # Captum's delta is the sum of values less the change.
    return Attribution(values, "logits", delta=missed, change=float(values.sum()) - missed)


def _occlusion(score: _Score, inputs: Any) -> Attribution:
    import torch
    from captum.attr import Occlusion

    channels, rows, columns = inputs.shape[1:]
    window = (channels, -(-rows // WINDOWS), -(-columns // WINDOWS))
    with torch.no_grad():
        found = Occlusion(score).attribute(
            inputs,
            sliding_window_shapes=window,
            strides=window,
            baselines=_grey(inputs),
            perturbations_per_eval=BATCH,
        )
    return Attribution(_summed(found) / channels, "logits lost when the window is grey")


def _layer_grad_cam(score: _Score, inputs: Any) -> Attribution:
    import torch
    from captum.attr import LayerGradCam

    stage = score.model.last_stage()
    # Captum looks for channels in the second place of what a module gives: this one gives it.
    seen = torch.nn.Identity()

    def laid_out(*told: Any) -> Any:
        return _through(seen, told[-1], None if stage is None else stage.grid)

    def logit(images: Any) -> Any:
        with score.around():
            patches = score.model.patches_with_gradient(images)
            if stage is None:
                patches = seen(patches.movedim(-1, 1)).movedim(1, -1)
            return score.of_patches(patches)

    hook = None if stage is None else stage.layer.register_forward_hook(laid_out)
    try:
        found = LayerGradCam(logit, seen).attribute(inputs.requires_grad_())
    finally:
        if hook is not None:
            hook.remove()
    maps = found[:, 0].detach().float()
    one = maps[0] if stage is None else score.model.turned_back(maps)
    values = np.asarray(one.clamp_min(0).cpu().numpy(), np.float32)
    cells = f"{values.shape[0]} x {values.shape[1]} cells"
    of = "the patches" if stage is None else "the last stage"
    return Attribution(values, f"weight of the {cells} of {of}, no unit")


def _through(seen: Any, given: Any, grid: tuple[int, int] | None) -> Any:
    """Send what a layer gives through a module as (B, C, h, w), and give it on as it was."""
    import torch

    if grid is None:
        return seen(given)
    first = given.shape[1] - grid[0] * grid[1]
    places = seen(given[:, first:].transpose(1, 2).unflatten(2, grid))
    return torch.cat([given[:, :first], places.flatten(2).transpose(1, 2)], dim=1)


Way = Callable[[_Score, Any], Attribution]
WAYS: dict[str, Way] = {
    "gradient x input": _gradient_times_input,
    "integrated gradients": _integrated_gradients,
    "occlusion": _occlusion,
    "layer Grad-CAM": _layer_grad_cam,
}
# Calls of the model that each way makes, for whoever tells how far it has come.
CALLS = {
    "gradient x input": 1,
    "integrated gradients": -(-STEPS // BATCH) + 2,
    "occlusion": 1 + -(-(WINDOWS**2) // BATCH),
    "layer Grad-CAM": 1,
}


def _summed(found: Any) -> Float32:
    """One value a pixel: the channels of an image are added up."""
    return np.asarray(found[0].detach().float().sum(0).cpu().numpy(), np.float32)


def in_cells(attribution: Attribution, frame: ModelFrame) -> tuple[Float32, ModelFrame]:
    """Lay an attribution out on a grid of at most 20 cells a side, each the sum of its part.

    Returns:
        Values (h, w) and the frame with that grid.
    """
    rows, columns = attribution.values.shape
    h, w = min(rows, MOST_CELLS), min(columns, MOST_CELLS)
    mean = cv2.resize(attribution.values, (w, h), interpolation=cv2.INTER_AREA)
    values = (mean * (rows / h) * (columns / w)).astype(np.float32)
    return values, replace(frame, grid_shape=(h, w))


Engine = TypeVar("Engine")


def redrawn(engine: Engine, image: Float32, *, share: float, seed: int) -> Engine:
    """A copy of an engine whose image tower has lost what it learned, from the top down.

    Sanity check of Adebayo et al. (2018): a map that stays although the layers were drawn anew
    does not explain what the model learned. The layers of the image tower are those that run when
    it encodes `image`; the text tower stays.

    Args:
        engine: See `Differentiable`.
        image: In the model frame.
        share: Of the layers with weights, counted from the last that runs, (0, 1].
        seed: Of the new weights.
    """
    import torch

    other: Any = copy(engine)
    ran: list[torch.nn.Module] = []
    towers = {k: v for k, v in vars(engine).items() if isinstance(v, torch.nn.Module)}
    roots = [deepcopy(tower) for tower in towers.values()]
    vars(other).update(zip(towers, roots, strict=True))
    layers = [m for root in roots for m in root.modules() if list(m.parameters(recurse=False))]
    hooks = [m.register_forward_hook(lambda layer, *_: ran.append(layer)) for m in layers]
    with torch.no_grad():
        other.patches_with_gradient(other.on_device([image]).float())
    for hook in hooks:
        hook.remove()
    order = list(dict.fromkeys(reversed(ran)))
    generator = torch.Generator().manual_seed(seed)
    for layer in order[: max(1, round(share * len(order)))]:
        for weights in layer.parameters(recurse=False):
            _draw(weights, generator)
    return cast(Engine, other)


def _draw(weights: Any, generator: Any) -> None:
    """New weights of the same mean and spread, so that nothing overflows."""
    import torch

    fresh = torch.randn(weights.shape, generator=generator).to(weights)
    with torch.no_grad():
        spread = weights.std() if weights.numel() > 1 else weights.abs().mean()
        weights.copy_(weights.mean() + spread * fresh)
