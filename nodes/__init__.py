"""The node library: one function, one file. The folder is the registry; nothing is listed here."""
