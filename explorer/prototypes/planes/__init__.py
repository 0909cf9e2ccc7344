"""Ways to put points on a plane, one file each: `place(vectors, seed=...)` and what it keeps."""
