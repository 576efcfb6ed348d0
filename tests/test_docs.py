import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import pytest
from rich.console import Console

from flowctl import (
    Battery,
    Clock,
    Expression,
    Ge,
    Gt,
    Latest,
    Le,
    Observable,
    Percent,
    Plan,
    Quantity,
    QuantityPerSecond,
    Release,
    Seconds,
    Secret,
    Terms,
    Triggers,
    UnitFrom,
    Watts,
)
from flowctl.signature.node import read_node
from flowctl.telling.docs import page, pages, show_page, word

LONG = Terms(lease=30.0)
T = TypeVar("T")
Number = TypeVar("Number", float, Plan)


def steady(
    power: Annotated[Observable[Watts], "what is held steady"],
    others: Mapping[str, Observable[Battery]] = {},
    more: Annotated[Sequence[Observable[Any]], Triggers()] = (),
    *,
    over: Annotated[Seconds, Gt(0), Le(3600), "how long | it takes"],
    reserve: Annotated[Percent, Ge(0)] = 12.0,
    mode: Annotated[Literal["fast", "slow"], "how fast"] = "fast",
    clock: Clock,
) -> Observable[Watts]:
    """Hold a power steady.

    It takes a while.

    Raises:
        ValueError: it cannot be held.

    Source: none; this is a test.
    """
    return power


async def pack(
    setpoint: Latest[Watts | Release], *, host: str, terms: Terms = LONG
) -> AsyncIterator[Battery]:
    """Steer a pack."""
    yield Battery()


PAGE = """## steady

*operator*

Hold a power steady.

It takes a while.

**Raises:** ValueError: it cannot be held.

**Source:** none; this is a test.

```yaml
- from: meter
- steady: 5s
```

| input | carries |  |  |
| --- | --- | --- | --- |
| `power` | W |  | what is held steady |
| `others` | streams by name, each Battery | may be left out |  |
| `more` | list of streams, each anything | triggers, may be left out |  |

| setting | takes | default | limits |  |
| --- | --- | --- | --- | --- |
| `over` | s | required | > 0, ≤ 3.6ks | how long \\| it takes |
| `reserve` | % | 12% | ≥ 0 |  |
| `mode` | `fast` or `slow` | `fast` |  | how fast |

`steady: value` gives `over`.

**Out:** W"""


def test_a_page_tells_all_that_the_signature_does():
    assert page(read_node(steady)) == PAGE.replace("3.6ks", "3600s")


def test_a_device_lists_its_own_settings_and_refers_to_the_terms_of_all():
    text = page(read_node(pack))
    assert "| `host` | text | required |" in text
    assert "| `lease`" not in text
    assert "[terms of every device](#terms-of-every-device): `deadband` 25W, `lease` 30s," in text


def test_all_pages_stand_under_an_index_by_kind():
    text = pages([read_node(steady), read_node(pack)])
    assert text.index("- [steady](#steady): Hold a power steady.") < text.index("## steady")
    assert text.index("## pack") < text.index("## steady") < text.index("## Terms of every device")
    assert "| `lease` | s | 10s | > 0 |" in text


def test_a_page_can_be_read_on_a_terminal():
    console = Console(file=io.StringIO(), width=100)
    show_page(page(read_node(steady)), console)
    shown = console.file.getvalue()
    assert "Hold a power steady." in shown
    assert "reserve" in shown


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (Watts, "W"),
        (Quantity | None, "the wire's unit"),
        (QuantityPerSecond, "the wire's unit per second"),
        (float | str, "number or text"),
        (list[Annotated[Watts, Ge(0)]], "list of W"),
        (tuple[str, ...], "list of text"),
        (Mapping[str, Secret], "mapping to secret"),
        (Expression, "expression"),
        (T, "anything"),
        (Number, "number or Plan"),
        (int, "whole number"),
    ],
)
def test_types_are_said_as_people_would(hint, said):
    assert word(hint) == said


def test_an_output_is_what_comes_in_or_what_a_setting_says():
    def same(values: Observable[T]) -> Observable[T]:
        """Pass."""
        return values

    def united(
        values: Observable[Any], *, unit: str = "W"
    ) -> Annotated[Observable[Any], UnitFrom("unit")]:
        """Turn."""
        return values

    assert page(read_node(same)).endswith("**Out:** what comes in")
    assert page(read_node(united)).endswith("**Out:** number, in the unit that `unit` names")
