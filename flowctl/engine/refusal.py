"""A node that refuses its settings when it is built, as a fault of the flow."""

from flowctl.faults import Fault
from flowctl.language.graph import Step


def refusal(step: Step, error: BaseException) -> Fault:
    """What a node says against its settings; what it did not mean to say, with its kind."""
    meant = isinstance(error, ValueError | TypeError)
    said = str(error) if meant else f"failed at its start: {type(error).__name__}: {error}"
    return Fault(step.mark, "E900", step.id, *said.partition("; ")[::2], step.line)
