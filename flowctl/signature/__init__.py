"""What a node is: a function, read by its signature."""
