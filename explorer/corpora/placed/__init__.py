"""Readers of phrases whose place is known, one file a data set: the file name is the id.

A reader has `TITLE`, `LICENCE`, `evidence(source)`, which says in a few words what it recognises of
a file or folder ("" for nothing), and `read_placed(source, images=...)`. One with `GENERAL = True`
is asked only when no other recognises the source.
"""
