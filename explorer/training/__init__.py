"""From data sets and phantoms to a checkpoint folder: one loop for every method of `methods`."""
