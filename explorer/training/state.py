"""What a run must keep to go on exactly where it was: weights, averages, optimiser, loss scale."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training.config import TrainingConfig
from explorer.training.parallel import device

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TrainingState:
    """A run between two steps.

    Attributes:
        model: Weights as the optimiser has them.
        optimizer: AdamW in two groups: pre-trained trunk, and the rest.
        scaler: Loss scale of float16; idle for other precisions.
        average: Averaged weights and buffers by name.
        step: Steps taken.
    """

    model: LocalAlignmentModel
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    average: dict[str, Tensor]
    step: int = 0

    @classmethod
    def begin(cls, model: LocalAlignmentModel, config: TrainingConfig) -> "TrainingState":
        """The state before the first step; the model moves to the device of this process."""
        place = device()
        nn.Module.to(model, place)
        for module in (model.image_encoder, model.patch_projection):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        model.train()
        model.text_encoder.eval()
        return cls(
            model=model,
            optimizer=_optimizer(model, config),
            scaler=torch.amp.GradScaler(place.type, enabled=config.precision == "float16"),
            average={k: v.clone() for k, v in model.state_dict().items()},
        )

    def resume(self, path: Path) -> None:
        """Take over what was saved; nothing changes when there is no such file."""
        if not path.exists():
            return
        place = next(self.model.parameters()).device
        state: dict[str, Any] = torch.load(path, map_location=place, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state.get("scaler"):
            self.scaler.load_state_dict(state["scaler"])
        self.average.update(state["average"])
        self.step = int(state["step"])
        log.info("Resuming at step %d.", self.step)

    def save(self, path: Path) -> None:
        """Write the whole state beside, then swap: a kill while writing loses nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": self.average,
            "step": self.step,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

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


def _optimizer(model: LocalAlignmentModel, config: TrainingConfig) -> torch.optim.Optimizer:
    trunk = list(model.image_encoder.trunk.parameters())
    frozen = {id(p) for p in (*model.text_encoder.parameters(), *model.image_check.parameters())}
    known = frozen | {id(p) for p in trunk}
    rest = [p for p in model.parameters() if id(p) not in known]
    groups = [
        {"params": trunk, "lr": config.trunk_rate},
        {"params": rest, "lr": config.rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
