"""The control law: the house is seen, each battery is known, and what is needed is shared.

docs/control.md explains it step by step, with pictures. `seeing/` and `knowing/` are what
`response_predictor` does, `sharing/` is what `rebalance` does.

All of it is pure: functions take a record and the time, and return a new record, named by what has
happened to the old one (`learned`, `pruned`, `judged`). Where nothing has, they return the very
same record, and callers ask with `is`. Constants stand above the functions that use them, with
unit and reason. Powers are + discharging; where a module says "magnitudes", they are + in the
direction that is asked for; `sign` or `way` is that direction, 1 or -1.
"""
