"""One readable loop for every method."""
