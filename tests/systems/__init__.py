"""Each of the five systems, row by row."""
