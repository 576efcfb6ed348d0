"""What people are told: the live view, reasons, drawings."""
