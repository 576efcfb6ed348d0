"""Addresses, topics and names that can be none are faults of the flow, before anything runs."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.faults import FlowError
from flowctl.language.check import load
from nodes._helpers.hosts import Page, check_host, check_mac, check_site
from tests.typed import typed

GOOD_HOSTS = [
    "192.168.1.20",
    "192.168.1.20:502",
    "meter.local",
    "meter.local:8080",
    "localhost",
    "venus_left",
    "p1meter-3c39e7",
    "fd00::5",
    "[fd00::5]:1502",
    "[::1]",
    "müller.fritz.box",
]
BAD_HOSTS = [
    ("", "write e.g. 192.168.1.20"),
    ("192.168.1.300", "four numbers up to 255"),
    ("192.168.1", "four numbers up to 255"),
    ("192.168.1.20:70000", "'70000' is not a port"),
    ("192.168.1.20:modbus", "'modbus' is not a port"),
    ("192.168.1.20:0", "'0' is not a port"),
    ("my meter", "is not a host"),
    ("meter.local/api", "is not a host"),
    ("http://meter.local", "leave out 'http://'"),
    (":502", "is not a host"),
    ("[fd00::zz]", "is not an address"),
    ("[fd00::5]x", "is not a port"),
]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_what_can_be_a_host_passes(host):
    check_host(host)
    check_site(host)
    check_site(f"http://{host}".replace("fd00::5", "[fd00::5]") if host == "fd00::5" else host)


@pytest.mark.parametrize(("host", "said"), BAD_HOSTS)
def test_what_can_be_none_is_told_with_a_cure(host, said):
    with pytest.raises(ValueError, match=r"is no|leave out") as fault:
        check_host(host)
    assert said in str(fault.value)


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_a_plain_fault(text):
    for rule in (check_host, check_site, check_mac):
        with suppress(ValueError):
            rule(text)


STEPS = [  # step, the place of the fault in it, what is said
    ("mqtt_in: {broker: 127.0.0.1, topic: home/#/power}", "home", "is not a topic filter"),
    ("http_get: {url: ftp://meter/power}", "ftp", "is not a web server"),
    ("http_get: {url: 'http://192.168.1.999/power'}", "'http", "four numbers up to 255"),
    ("homewizard_p1: {host: 192.168.1.20:99999}", "192", "'99999' is not a port"),
    ("modbus_read: {host: 'tcp://10.0.0.5', register: 1, unit: W}", "'tcp", "leave out 'tcp://'"),
    ("ha_state: {host: ha.local, token: x, entity: Grid Power}", "Grid", "is not an entity id"),
    ("victron_mqtt: {broker: 127.0.0.1, portal: 'c0/#'}", "'c0", "is not a topic"),
    ("schedule: {between: 25:00-06:00}", "25", "times of day go from"),
    ("schedule: {between: '22:00-06:00', days: mon-fry}", "mon-fry", "is not a day"),
    ("schedule: {between: '22:00-06:00', zone: Europe/Amsterdm}", "Europe", "no time zone"),
    ("dsmr: {host: 'a:23'}", "'a:23", "leave out ':23'"),
    ("shelly: {host: 'the meter'}", "'the", "is not a host"),
]
SINKS = [
    ("mqtt_out: {broker: 127.0.0.1, topic: home/+/power}", "home", "is not a topic to publish to"),
    ("udp_out: {host: 10.0.0, port: 5}", "10.0", "four numbers up to 255"),
    ("print: 'grid {value'", "'grid", "has a brace that is not closed"),
    ("prometheus: {name: grid power}", "grid", "is not a name of a metric"),
    ("modbus_write: {host: a, register: 1, scale: 0}", "0}", "scale is 0"),
    ("marstek_modbus: {host: 192.168.1.}", "192", "four numbers up to 255"),
    ("ha_sensor: {broker: 127.0.0.1, name: Grid, id: 'a b'}", "'a b'", "use letters"),
    ("ct_emulator: {mac: 12-34}", "12-34", "is not a MAC"),
]


@pytest.mark.parametrize(("step", "place", "said"), STEPS + SINKS)
def test_a_wrong_setting_is_a_fault_at_its_place(step, place, said):
    above = "" if (step, place, said) in STEPS else "    - homewizard_p1: {host: a}\n"
    text = f"flow: it\nstreams:\n  one:\n{above}    - {step}\n"
    with pytest.raises(FlowError) as faults:
        load(text, env={})
    fault = next(fault for fault in faults.value.faults if said in fault.message + fault.cure)
    line = text.splitlines()[fault.mark.line - 1]
    assert line[fault.mark.column - 1 :].startswith(place)


def test_what_may_be_left_empty_may_be():
    load("flow: it\nstreams:\n  one:\n    - shelly: {broker: 127.0.0.1, topic: t, host: ''}\n")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("http://me:hush@meter:80/a/b?token=hush", "http://meter:80/a/b?***"),
        ("meter/x@y", "meter/x@y"),
        ("me:hush@meter", "meter"),
        ("https://meter", "https://meter"),
        ("meter?key=hush", "meter?***"),
    ],
)
def test_a_page_is_printed_without_what_opens_it(page, shown):
    assert repr(Page.read(page)) == shown
    assert Page.read(page).reveal() == page


def test_no_drawing_of_a_flow_shows_what_opens_a_page(tmp_path, monkeypatch):
    monkeypatch.setenv("KEY", "hush")
    flow = tmp_path / "sun.yaml"
    flow.write_text(
        "streams:\n  sun:\n"
        '    - http_get: {url: "http://me:${KEY}@meter/x?key=${KEY}", unit: W}\n'
        "    - print\n"
    )
    for form in ("json", "mermaid", "dot"):
        code, said, complained = typed("graph", flow, "--format", form)
        assert code == 0
        assert "hush" not in said + complained
