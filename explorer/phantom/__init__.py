"""Radiographs with exact truth, rendered from a real CT."""
