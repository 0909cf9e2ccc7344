"""Named evaluation protocols, one file each: what is a sample, and what is measured on it.

A protocol of placed phrases has `ID`, `TITLE`, `METRICS` and `measure(asked)`, and its first
docstring is its definition: it is printed and its digest stamped on every figure. `nih_boxes` and
`phantom_cxr` pin which phrases are asked, too.
"""
