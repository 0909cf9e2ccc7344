"""Checkpoints measured on a data set, with intervals, differences, and the films that differ."""

from explorer.ui.components.evaluate.desk import evaluate

__all__ = ["evaluate"]
