"""An index of films, regions and sentences: stored in Lance tables, searched with reasons."""
