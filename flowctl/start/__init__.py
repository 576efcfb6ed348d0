"""What helps to begin: a new node or flow, devices found, old settings taken over."""
