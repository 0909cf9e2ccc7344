"""Prototypes: clusters of regions, films or sentences, each with a room that says what it holds."""
