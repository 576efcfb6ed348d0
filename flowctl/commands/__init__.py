"""One command, one file: the folder is the list of commands."""
