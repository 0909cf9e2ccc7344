"""The words that stand wherever results are seen or leave the app."""

RESEARCH_USE = "Research use, not for diagnosis"
