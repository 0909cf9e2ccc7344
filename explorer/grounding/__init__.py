"""From a phrase to its region, and how far to trust it."""
