"""`influx_out` writes lines that InfluxDB takes."""

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Latest, Plan, Secret
from flowctl.language.check import load
from nodes._helpers.influx import line
from nodes.influx_out import influx_out
from tests.nodes.streams import LOG, saying, until
from tests.nodes.web import website


class Database:
    """What was written to it."""

    def __init__(self, status: int = 204) -> None:
        self.lines: list[str] = []
        self.asked: list[web.Request] = []
        self.status = status

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.lines.append(await request.text())
        return web.Response(status=self.status, text="" if self.status == 204 else "no")


@pytest.mark.parametrize(
    ("value", "fields", "said"),
    [
        (300, (), "it value=300"),
        (-0.5, (), "it value=-0.5"),
        (True, (), "it value=true"),
        ('a "word"', (), 'it value="a \\"word\\""'),
        (Battery(power=300.0, soc=60.0, mode="remote"), (), 'it power=300,soc=60,mode="remote"'),
        (Battery(power=300.0, soc=60.0), ("soc",), "it soc=60"),
        (Battery(power=300.0), ("soc",), None),
        (Plan(watts={"left": 5.0}), ("watts.left", "unmet"), "it watts.left=5,unmet=0"),
    ],
)
def test_a_value_is_a_line(value: Any, fields: Any, said: str | None) -> None:
    assert line("it", {}, value, fields) == said


def test_names_and_tags_are_escaped_and_empty_tags_left_out() -> None:
    tags = {"my room": "a=b,c", "empty": ""}
    assert line("the house", tags, 1.0) == r"the\ house,my\ room=a\=b\,c value=1"


async def test_lines_arrive_with_the_token() -> None:
    database = Database()
    async with website(database.answer) as host:
        url = f"http://{host}/api/v2/write?org=home&bucket=house"
        token = Secret("t0ken")
        settings: dict[str, Any] = {"url": url, "measurement": "battery", "token": token}
        async with saying(influx_out, **settings, tags={"battery": "left"}) as box:
            for watts in (300.0, -200.0):
                box.put(Battery(power=watts))
                await until(lambda watts=watts: f"power={watts:g}" in "".join(database.lines))
    assert database.lines == ["battery,battery=left power=300", "battery,battery=left power=-200"]
    [request, _] = database.asked
    assert request.path_qs == "/api/v2/write?org=home&bucket=house"
    assert request.headers["Authorization"] == "Token t0ken"


async def test_a_refusal_says_what_to_do() -> None:
    async with website(Database(401).answer) as host:
        box: Latest[float] = Latest()
        box.put(1.0)
        with pytest.raises(OSError, match="says 401 no; give a token that may write here"):
            await influx_out(box, url=f"http://{host}/write?db=x", measurement="a", log=LOG)


async def test_what_cannot_be_written_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    database = Database()
    async with (
        website(database.answer) as host,
        saying(influx_out, url=f"http://{host}/write", measurement="a") as box,
    ):
        box.put({"a": object()})
        await until(lambda: "talks nonsense" in caplog.text)
        box.put(2.0)
        await until(lambda: database.lines)
    assert database.lines == ["a value=2"]


@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=2), st.text())
def test_it_is_always_one_line(name: str, tags: dict[str, str], value: str) -> None:
    said = line(name, tags, value)
    assert said is not None
    assert "\n" not in said


def test_steps_that_differ_by_their_tags_write_to_different_places() -> None:
    step = "[tick: 1s, influx_out: {url: 'http://h/write', measurement: it, tags: {of: %s}}]"
    assert load(f"streams:\n  a: {step % 'left'}\n  b: {step % 'right'}\n").warnings == ()
