"""Two steps that write to one device, however its address is written."""
# ruff: noqa: E501 - what a user reads stays on one line

import pytest

from tests.found import found

HEAD = """
streams:
  m: [homewizard_p1: 192.168.1.20]
  n: [homewizard_p1: 192.168.1.21]
"""


def told(*streams: str) -> list[str]:
    return found(HEAD + "".join(f"  {line}\n" for line in streams))


def two(*steps: str) -> list[str]:
    return told(*(f"{name}: [from: m, {step}]" for name, step in zip("ab", steps, strict=True)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("marstek_udp: 192.168.1.40", "marstek_udp: 192.168.1.40:30000"),
        ("marstek_udp: venus.local", "marstek_udp: VENUS.local"),
        ("marstek_modbus: localhost", "marstek_modbus: 127.0.0.1:502"),
        ("marstek_modbus: {host: 192.168.1.40, port: 1502}", "marstek_modbus: 192.168.1.40:1502"),
        (
            "zendure: 192.168.1.40",
            "zendure: {host: 'http://192.168.1.40:80/'}",
        ),
    ],
)
def test_one_device_by_two_spellings_is_known(one, other):
    node = one.partition(":")[0]
    assert two(one, other) == [
        f"6:16 E311 b/{node}: is the same device as a/{node} (line 5); steer it from one stream"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("marstek_udp: 192.168.1.40", "marstek_udp: 192.168.1.40:30001"),
        ("marstek_modbus: {host: h, device: 1}", "marstek_modbus: {host: h, device: 2}"),
        ("marstek_modbus: {host: h, port: 1502}", "marstek_modbus: h:502"),
        ("marstek_udp: 127.0.0.1:18030", "marstek_modbus: 127.0.0.1:18021"),
        ("marstek_udp: 192.168.1.40:18030", "marstek_modbus: 192.168.1.40:18021"),
        ("marstek_udp: '${NO:-}'", "marstek_modbus: '${NO:-}'"),
        ("marstek_udp: '${NO:-}'", "marstek_udp: '${NO:-}'"),
        ("marstek_udp: 192.168.1.40", "marstek_modbus: 192.168.1.41"),
        ("modbus_write: {host: h, register: 5}", "modbus_write: {host: h, register: 6}"),
        ("modbus_write: {host: h, register: 5}", "modbus_write: {host: h, register: 5, device: 2}"),
        ("print", "print"),
    ],
)
def test_two_devices_are_two(one, other):
    assert two(one, other) == []


@pytest.mark.parametrize("host", ["192.168.1.40", "192.168.1.40:502"])
def test_two_ways_to_one_battery_are_worth_a_warning(host):
    assert two("marstek_udp: 192.168.1.40", f"marstek_modbus: {host}") == [
        "6:16 W406 b/marstek_modbus: is at the same address as a/marstek_udp (line 5); steer a battery by one of the two"
    ]


@pytest.mark.parametrize(("one", "other"), [("h", "h:502"), ("localhost", "127.0.0.1"), ("h", "h")])
def test_a_register_holds_one_number(one, other):
    writes = (f"modbus_write: {{host: '{host}', register: 5}}" for host in (one, other))
    assert two(*writes) == [
        "6:16 E314 b/modbus_write: writes to the same place as a/modbus_write (line 5); let one step make the number of both (sum, switch)"
    ]


@pytest.mark.parametrize(
    ("streams", "place"),
    [
        (["a: [from: m, merge: {others: [n]}, marstek_udp: h]"], "5:32"),
        (["a: [from: m, merge: {others: [n]}]", "b: [from: a, ema: 50%, marstek_udp: h]"], "5:32"),
        (["a: [from: [m, n]]", "b: [from: a, marstek_udp: h]"], "5:13"),
    ],
)
def test_a_device_gets_setpoints_from_one_place_however_they_are_merged(streams, place):
    (line,) = told(*streams)
    assert line.startswith(f"{place} E311 ")
    assert line.endswith(
        "marstek_udp would get setpoints from several streams at once; let one step make them of all (sum, switch)"
    )


def test_a_law_that_works_on_what_is_merged_is_one_place():
    assert (
        told(
            "a: [from: m, merge: {others: [n]}, ema: 50%]", "b: [from: a, ema: 50%, marstek_udp: h]"
        )
        == []
    )


def test_addresses_that_cannot_be_read_are_not_the_same():
    faults = two("udp_out: {host: a b, port: 5}", "udp_out: {host: 999.1.1.1, port: 5}")
    assert [line.split()[1] for line in faults] == ["E132", "E132"]
