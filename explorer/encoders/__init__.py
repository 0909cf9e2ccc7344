"""Trainable towers, projections and pooling in PyTorch."""
