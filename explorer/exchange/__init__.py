"""Files that others can read; one file per format."""
