"""The use cases, imported when a page first needs one.

`explorer.pipeline` brings torch, which takes seconds, and the frame of a page should not wait for
it. Types are those of the module itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer import pipeline as pipeline
else:

    class _Late:
        def __getattr__(self, name: str) -> object:
            return getattr(import_module("explorer.pipeline"), name)

    pipeline = _Late()
