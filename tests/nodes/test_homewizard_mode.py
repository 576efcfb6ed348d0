"""homewizard_mode: words for the batteries behind a meter."""

import pytest

from flowctl import Latest, Log
from nodes._helpers.homewizard_v2 import MODES, group, order
from nodes.homewizard_mode import homewizard_mode
from tests.nodes import homewizard
from tests.nodes.homewizard import TOKEN, Device, fixture, serve
from tests.nodes.streams import saying, until

LOG = Log("mode")
BOTH = ["charge_allowed", "discharge_allowed"]


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    return homewizard.papers(tmp_path_factory.mktemp("papers"))


def newer():
    return Device(batteries=fixture("p1_batteries"))


def older():
    return Device(batteries={"mode": "zero", "power_w": 0})


def telling(host, **settings):
    return saying(homewizard_mode, host=host, token=TOKEN, ca="none", **settings)


async def test_each_word_is_told_once_and_at_the_end_they_are_on_their_own_again(papers):
    device = newer()
    async with serve(device, papers) as host:
        async with telling(host) as words:
            for number, word in enumerate(["charge_only", "standby", "to_full"], 1):
                words.put(word)
                await until(lambda number=number: len(device.told) == number)
                words.put(word)
        assert device.told == [
            {"mode": "zero", "permissions": ["charge_allowed"]},
            {"mode": "standby"},
            {"mode": "to_full"},
            {"mode": "zero", "permissions": BOTH},
        ]


async def test_what_was_never_told_anything_is_left_alone_at_the_end(papers):
    device = newer()
    async with serve(device, papers) as host, telling(host):
        pass
    assert device.told == []


async def test_the_last_word_may_be_another_or_none(papers):
    device = newer()
    async with serve(device, papers) as host:
        for last in ("standby", None):
            async with telling(host, at_end=last) as words:
                words.put("discharge_only")
                await until(lambda: device.told)
            assert [said["mode"] for said in device.told] == ["zero", last][: 2 - (last is None)]
            device.told.clear()


async def test_a_firmware_without_permissions_is_told_modes_alone(papers, caplog):
    device = older()
    async with serve(device, papers) as host, telling(host) as words:
        words.put("charge_only")
        await until(lambda: caplog.records)
        words.put("standby")
        await until(lambda: device.told)
    assert device.told == [{"mode": "standby"}, {"mode": "zero"}]
    assert "needs a newer firmware" in caplog.text


@pytest.mark.parametrize("odd", ["", "full", 7, True, float("nan"), "x" * 100_000])
async def test_a_word_that_is_none_is_told_once_and_changes_nothing(papers, odd, caplog):
    device = newer()
    async with serve(device, papers) as host, telling(host) as words:
        words.put(odd)
        await until(lambda: caplog.records)
        words.put("standby")
        await until(lambda: device.told)
    assert [said["mode"] for said in device.told] == ["standby", "zero"]
    assert len(caplog.records) == 2
    assert max(len(record.message) for record in caplog.records) < 300


async def test_a_refusal_is_raised_and_says_what_to_do(papers):
    async with serve(Device(), papers) as host:
        box = Latest()
        box.put("standby")
        with pytest.raises(OSError, match=r"404 .*firmware new enough"):
            await homewizard_mode(box, host=host, token=TOKEN, ca="none", log=LOG)


@pytest.mark.parametrize("word", MODES)
def test_what_is_told_is_read_back_as_the_same_word(word):
    said = {"power_w": 0} | dict(order(word, permits=True))
    told = {key: list(part) if isinstance(part, tuple) else part for key, part in said.items()}
    assert group(told).mode == word
