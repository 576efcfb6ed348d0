"""Who gives how much: from an outlook to a plan, in one pure `step`."""
