"""From data sets and phantoms to a checkpoint folder: one recipe, its stages and its loop."""
