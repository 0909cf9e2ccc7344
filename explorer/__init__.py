"""Radiograph Grounding Explorer: look inside image-text alignment on chest radiographs."""

__version__ = "0.1.0"
