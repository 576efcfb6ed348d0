"""The control law: what is believed of each battery, and who gives how much."""
