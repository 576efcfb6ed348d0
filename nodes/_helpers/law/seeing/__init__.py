"""The house: its load behind the meter, what of it is worth following, and who else serves it.

`house` holds all of that and the batteries, and has the three events: `told`, `read`, `look`. What
was learned is kept here over restarts, too.
"""
