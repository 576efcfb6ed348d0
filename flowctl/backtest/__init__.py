"""Flows tried out in a closed loop, in virtual time, beside the best that anybody could do."""
