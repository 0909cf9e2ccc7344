"""Measured numbers with their protocol and confidence intervals."""
