"""Named evaluation protocols, one file each: what is a sample, and what is measured on it."""
