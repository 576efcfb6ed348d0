"""The control law: what is believed of each battery, and who gives how much.

docs/control.md explains it in seven steps, with pictures. These are the files, in the order in
which they are best read, with the number of the step that each is for:

    house        all that the predictor knows, and its three events: `told`, `read`, `look`
    observer     1  the load behind the meter, free of commands in flight (flight)
    forecast     2  which load is worth following
    bank         3  how late a battery is: 72 timings that run along (learning: who teaches them)
    rivals          of two that tell nothing: which timings fit together
    belief       4  all that is believed of one battery
    hearing         what it tells: measurements, and setpoints that it accepts (facts)
    judging         what it can deliver (band, witness: the case; ceiling, least, traits: verdicts)
    resting         when nothing is expected of it
    answers         its start-up delay, and the age of its telemetry
    mute, doubt     one without telemetry
    beside       7  batteries that are not ours to command
    ability         what rebalance is told of each (notes: in words)
    memory, cuts    what is kept over restarts (record: how records are changed in little time)

    sharing      5  from an outlook to a plan, as one pure step (reasons: in words)
    round           what is wanted and who can serve it (by_name: settings that differ by battery)
    seating         what each can do under every limit, its weight and rank
    choosing        who works (losses: what that costs)
    allocation      who gives how much
    covering     6  what the fastest adds until the others come
    following       whether setpoints get through (together: or only their sum)

All of it is pure: functions take a record and the time, and return a new record, named by what has
happened to the old one (`learned`, `pruned`, `judged`). Where nothing has, they return the very
same record, and callers ask with `is`. Constants stand above the functions that use them, with
unit and reason. Powers are + discharging; where a module says "magnitudes", they are + in the
direction that is asked for; `sign` or `way` is that direction, 1 or -1.
"""
