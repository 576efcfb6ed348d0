"""What Shelly meters say of themselves and of the power through their clamps.

Source: shelly-api-docs.shelly.cloud. Gen1 (EM, 3EM): /shelly, /status, `emeters[i].power`,
`is_valid`, `total_power` on the 3EM. Gen2 and later: /rpc/Shelly.GetStatus names the components;
EM.GetStatus `a_act_power`..., `total_act_power`, EM1.GetStatus `act_power`; `errors` holds
`power_meter_failure` when the meter does not measure. All in W, + import.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from flowctl import Watts
from nodes._helpers.fields import number, pick

Gen = Literal["auto", "1", "2"]
Clamp = Literal["auto", "all", "a", "b", "c"]
CLAMPS = "abc"
STATUS = "/rpc/Shelly.GetStatus"


class Ask(NamedTuple):
    """What to ask again and again, and how to read the answer."""

    path: str
    read: Callable[[Any], Watts]
    parts: tuple[str, ...] = ()
    """The components that it is about, where the device has them."""

    def power(self, status: Mapping[str, Any]) -> Watts:
        """Read it in the whole status.

        Raises:
            ValueError: it is not there.
        """
        return self.read(status if self.path == STATUS else pick(status, self.parts[0]))


def generation(said: Any) -> Gen:
    """Read GET /shelly: the first generation does not tell a `gen`.

    Raises:
        ValueError: it is not a Shelly.
    """
    if not isinstance(said, Mapping) or not ({"type", "gen"} & set(said)):
        raise ValueError("it does not say that it is a Shelly")
    return "2" if "gen" in said else "1"


def first_ask(status: Any, clamp: Clamp) -> Ask:
    """Choose what to ask the first generation, by its /status.

    Raises:
        ValueError: it does not measure that.
    """
    meters = pick(status, "emeters")
    count = len(meters) if isinstance(meters, list) else 0
    chosen = clamps(list(range(count)), clamp)
    total = len(chosen) == count == 3

    def read(said: Any) -> Watts:
        powers = [_valid(pick(said, f"emeters[{one}]")) for one in chosen]
        return number(said["total_power"]) if total and "total_power" in said else _sum(powers)

    return Ask("/status", read)


def rpc_ask(status: Any, clamp: Clamp) -> Ask:
    """Choose what to ask the second and later generations, by their Shelly.GetStatus.

    Raises:
        ValueError: it does not measure that.
    """
    known = status if isinstance(status, Mapping) else {}
    if "em:0" in known:
        field = "total_act_power" if clamp in ("auto", "all") else f"{clamp}_act_power"
        return Ask("/rpc/EM.GetStatus?id=0", lambda said: _measured(said, field), ("em:0",))
    numbers = [one for one in range(len(CLAMPS)) if f"em1:{one}" in known]
    chosen = clamps(numbers, clamp)
    parts = tuple(f"em1:{one}" for one in chosen)
    if len(chosen) == 1:
        return Ask(f"/rpc/EM1.GetStatus?id={chosen[0]}", _measured, parts)
    return Ask(STATUS, lambda said: _sum(_measured(pick(said, one)) for one in parts), parts)


def clamps(there: list[int], clamp: Clamp) -> list[int]:
    """Choose of the clamps that are there; of two, one may measure something else than the grid.

    Raises:
        ValueError: there is none, or not that one.
    """
    if not there:
        raise ValueError("it has no energy meter")
    if clamp == "auto" and len(there) == 2:
        raise ValueError("it has two clamps: say which one measures the grid, `clamp: a` or `b`")
    if clamp in ("auto", "all"):
        return there
    if CLAMPS.index(clamp) not in there:
        raise ValueError(f"it has no clamp {clamp}")
    return [CLAMPS.index(clamp)]


def _sum(powers: Iterable[Watts]) -> Watts:
    return number(sum(powers))


def _valid(meter: Any) -> Watts:
    if isinstance(meter, Mapping) and meter.get("is_valid") is False:
        raise ValueError("it says that it does not measure")
    return number(pick(meter, "power"))


def _measured(said: Any, field: str = "act_power") -> Watts:
    if isinstance(said, Mapping) and "power_meter_failure" in (said.get("errors") or ()):
        raise ValueError("it says that it does not measure")
    return number(pick(said, field))
