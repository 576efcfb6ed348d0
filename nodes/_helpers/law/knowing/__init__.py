"""One battery: what it was told, how late it is, what it can deliver, and what it tells of itself.

`belief` holds all of that.
"""
