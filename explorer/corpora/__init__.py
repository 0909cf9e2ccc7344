"""Readers of data sets on disk; one file a data set."""
