"""Readers of data sets on disk; one file a data set."""

from explorer.corpora._base import CorpusImage, LabelledBox

__all__ = ["CorpusImage", "LabelledBox"]
