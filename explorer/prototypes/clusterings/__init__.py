"""Clusterings as choices: each file is one, with TITLE, ABOUT and `cluster`."""
