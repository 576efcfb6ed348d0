"""A graph at work: steps, wires, fences, the shell before each device, and the reasons."""
