"""Report text to sections, sentences and phrases with their assertion."""
