"""What a run must keep to go on exactly where it was: weights, averages, optimiser, loss scale."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.errors import TrainingError
from explorer.methods import find_method
from explorer.methods._base import Method, Shapes
from explorer.training.config import TrainingConfig
from explorer.training.parallel import device
from explorer.training.samples import LABEL_GROUPS

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TrainingState:
    """A run between two steps.

    Attributes:
        model: Weights as the optimiser has them.
        method: With its own parameters and memories.
        optimizer: AdamW: pre-trained trunk, the rest of the model, then the groups of the method.
        scaler: Loss scale of float16; idle for other precisions.
        average: Averaged weights and buffers of the model by name.
        settings: What may not change when the run is resumed.
        step: Steps taken.
    """

    model: LocalAlignmentModel
    method: Method
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    average: dict[str, Tensor]
    settings: dict[str, Any]
    step: int = 0

    @classmethod
    def begin(
        cls, model: LocalAlignmentModel, config: TrainingConfig, *, images: int = 1
    ) -> "TrainingState":
        """The state before the first step; the model moves to the device of this process.

        Args:
            model: Before its first step.
            config: Settings.
            images: In the training set, for methods that remember something of each.
        """
        place = device()
        method = build_method(model, config, images=images).to(place).train()
        nn.Module.to(model, place)
        for module in (model.image_encoder, model.patch_projection):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        model.train()
        model.text_encoder.eval()
        return cls(
            model=model,
            method=method,
            optimizer=_optimizer(model, method, config),
            scaler=torch.amp.GradScaler(place.type, enabled=config.precision == "float16"),
            average={k: v.clone() for k, v in model.state_dict().items()},
            settings=config.decisive(),
        )

    def resume(self, path: Path) -> None:
        """Take over what was saved; nothing changes when there is no such file.

        Raises:
            TrainingError: It was saved by a run with other settings.
        """
        if not path.exists():
            return
        place = next(self.model.parameters()).device
        state: dict[str, Any] = torch.load(path, map_location=place, weights_only=True)
        _require_same(state.get("settings"), self.settings, folder=path.parent)
        self.model.load_state_dict(state["model"])
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state.get("scaler"):
            self.scaler.load_state_dict(state["scaler"])
        self.average.update(state["average"])
        self.step = int(state["step"])
        log.info("Resuming at step %d.", self.step)

    def save(self, path: Path) -> None:
        """Write the whole state beside, then swap: a kill while writing loses nothing.

        Raises:
            TrainingError: The disk is full or cannot be written; the state before is kept.
        """
        state = {
            "model": self.model.state_dict(),
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average,
            "settings": self.settings,
            "step": self.step,
        }
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, partial)
            partial.replace(path)
        except (OSError, RuntimeError) as error:  # torch says RuntimeError on a full disk
            partial.unlink(missing_ok=True)
            raise TrainingError(
                f"The state of step {self.step} cannot be written into {path.parent.name!r} "
                f"({type(error).__name__}). The state saved before is kept: make room and start "
                "the same command again."
            ) from error

    def update_average(self, *, decay: float) -> None:
        """Move the averages towards the weights; early on faster than `decay` says."""
        decay = min(decay, (self.step + 1) / (self.step + 11))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                if name.startswith("text_encoder."):
                    continue
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)


def build_method(model: LocalAlignmentModel, config: TrainingConfig, *, images: int) -> Method:
    """The method of the settings with parameters drawn from their seed.

    Raises:
        TrainingError: It is none that a training minimises, e.g. an estimator.
    """
    kind = find_method(config.method)
    if not issubclass(kind, Method):
        raise TrainingError(
            f"A training needs a method with a loss, {config.method!r} is of kind "
            f"{kind.card.kind}. `explorer methods` lists the objectives."
        )
    shapes = Shapes(
        dimension=model.config.dimension,
        features=model.image_encoder.width,
        text_features=model.text_encoder.hidden_size,
        grid=(model.config.grid_size, model.config.grid_size),
        images=images,
        vocabulary=model.text_encoder.bert.config.vocab_size,
        labels=len(LABEL_GROUPS),
    )
    torch.manual_seed(config.seed)
    method: Method = kind(config.method_options(), shapes)
    return method


def _optimizer(
    model: LocalAlignmentModel, method: Method, config: TrainingConfig
) -> torch.optim.Optimizer:
    """Groups with `peak`, the learning rate before warm-up and cosine."""
    trunk = list(model.image_encoder.trunk.parameters())
    frozen = {id(p) for p in (*model.text_encoder.parameters(), *model.image_check.parameters())}
    known = frozen | {id(p) for p in trunk}
    rest = [p for p in model.parameters() if id(p) not in known]
    groups: list[dict[str, Any]] = [
        {"params": trunk, "peak": config.trunk_rate},
        {"params": rest, "peak": config.rate},
    ]
    for group in method.parameter_groups():
        others = {k: v for k, v in group.items() if k != "rate"}
        groups.append(others | {"peak": config.rate * group.get("rate", 1.0)})
    return torch.optim.AdamW(groups, lr=config.rate, weight_decay=config.weight_decay)


def _require_same(saved: dict[str, Any] | None, asked: dict[str, Any], *, folder: Path) -> None:
    if saved is None or saved == asked:
        return
    saved = TrainingConfig().decisive() | saved  # settings that are newer than the run
    if saved == asked:
        return
    changed = []
    for name in sorted(saved.keys() | asked.keys()):
        old, new = saved.get(name), asked.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            changed += [
                f"{name}.{k} {old.get(k)!r}, now {new.get(k)!r}"
                for k in sorted(old.keys() | new.keys())
                if old.get(k) != new.get(k)
            ]
        elif old != new:
            changed.append(f"{name} {old!r}, now {new!r}")
    raise TrainingError(
        f"A run is resumed with the settings it began with; the one in {folder.name!r} had "
        f"{'; '.join(changed)}. Give these settings back, or another --work folder."
    )
