"""Batteries for the tests of laws."""

from hypothesis import strategies as st

from flowctl import Battery
from tests.nodes.timelines import NUMBERS, timelines

RECORDS = st.builds(
    Battery,
    power=st.none() | st.floats(-2500, 2500),
    soc=st.none() | st.floats(0, 100),
    setpoint=st.none() | st.floats(-2500, 2500),
    max_charge=st.none() | st.floats(0, 2500),
    max_discharge=st.none() | st.floats(0, 2500),
    capacity=st.none() | st.floats(500, 15000),
    online=st.none() | st.booleans(),
)
FLEETS = st.fixed_dictionaries({"left": timelines(RECORDS), "right": timelines(RECORDS)})
GRIDS = timelines(NUMBERS)


def told(**batteries):
    """Fields of each battery as a timeline of one record at the start: `left={"power": 300}`."""
    return {name: [(0, Battery(**fields))] for name, fields in batteries.items()}


def watts(said):
    """The shares of the only plan that was said."""
    [(_, plan)] = said
    return dict(plan.watts)
