"""What `flowctl new` copies: working nodes of each kind and their tests, and a small flow."""
