"""Settings of a plant that are right by themselves, and make no sense together."""

from nodes.sim.setup import BatteryFault, MeterFault, SunSetup


def senseless(record: object) -> tuple[str, str] | None:
    """Say what is wrong with a record of a plant file, and what to write."""
    match record:
        case SunSetup(trace="", peak=None):
            return "makes nothing", "add 'peak: 4kW' or a trace, or leave it out"
        case SunSetup(trace="") if record.sunrise >= record.sunset:
            return "its sun sets before it rises", "exchange sunrise and sunset"
        case BatteryFault(cap=None, gain=None, offline=False, deaf=False):
            return "nothing goes wrong", "add a cap, a gain, 'offline: true' or 'deaf: true'"
        case MeterFault(silent=False, frozen=False):
            return "nothing goes wrong", "add 'silent: true' or 'frozen: true'"
    return None
