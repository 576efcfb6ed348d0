"""Each file is a command: the function of its name, its parameters what is typed behind it."""
