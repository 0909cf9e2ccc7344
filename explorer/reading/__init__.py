"""Bytes to studies: decoding, display order and limits."""
