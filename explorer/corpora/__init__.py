"""Readers of data sets on disk; one file a data set."""

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.corpora._pixels import read_pixels

__all__ = ["CorpusImage", "LabelledBox", "read_pixels"]
