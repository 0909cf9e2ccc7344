"""One file per checkpoint family; each makes its checkpoints speak the records of `entities`."""
