"""Radiograph Grounding Explorer: look inside image-text alignment on chest radiographs."""

import os

__version__ = "0.1.0"

# Threads of PyTorch wait for each other at every layer, by spinning. Unless told otherwise they
# spin for so long (300,000 times) that beside other work each keeps the processor from the one it
# waits for: an image encode of 45 ms took seconds. Read when torch is loaded, so it is set here.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
