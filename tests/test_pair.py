"""`flowctl pair`: a token by a button, into a .env, and shown to nobody."""

import asyncio
import gc
import stat
import threading
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest

from flowctl.cli import call
from flowctl.language.check import load
from flowctl.start import pairing
from flowctl.start.pairing import GROUP, pairer
from nodes._helpers import pairing as pairers
from tests.nodes import homewizard
from tests.nodes.homewizard import NAME, TOKEN, Device, fixture, serve

SECRET = TOKEN.reveal()


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    return homewizard.papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(autouse=True)
def installed(monkeypatch, papers):
    """As after an installation, but with the authority of the test."""
    ours = partial(pairers.homewizard, ca=str(papers / "ca.crt"))
    entry = SimpleNamespace(name="homewizard", load=lambda: ours)
    monkeypatch.setattr(pairing, "entry_points", lambda group: [entry] * (group == GROUP))


@contextmanager
def serving(device, papers):
    """Serve beside `call`, which has an event loop of its own."""
    ready, over, host = threading.Event(), asyncio.Event(), []

    async def run():
        async with serve(device, papers) as address:
            host.append((address, asyncio.get_running_loop()))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(10)
    address, loop = host[0]
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


class Pensive(Device):
    """It keeps its answers to itself."""

    async def answer(self, request):
        await asyncio.sleep(0.3)
        return await super().answer(request)


class Slow(Device):
    """Its button is pressed after it was asked twice."""

    def _user(self, said):
        self.pressed = len(self.asked) > 2
        return super()._user(said)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_token_goes_into_the_env_and_the_step_is_shown(papers, here, capsys):
    with serving(Slow(**{"": fixture("p1_device")}), papers) as host:
        assert call(["pair", "homewizard", host]) == 0
    said = capsys.readouterr()
    assert (here / ".env").read_text() == f"HOMEWIZARD_TOKEN={SECRET}\n"
    assert stat.S_IMODE((here / ".env").stat().st_mode) == 0o600
    assert said.err.splitlines() == [
        f"press the button of the device at {host}; of a kWh meter for 1 to 3 seconds",
        "P1 Meter 5c2fafaabbcc lets flowctl in; its token is HOMEWIZARD_TOKEN in .env",
    ]
    step = f'homewizard_v2: {{host: {host}, token: "${{HOMEWIZARD_TOKEN}}", push: true, '
    assert said.out == f"    - {step}identity: {NAME}}}\n"
    assert SECRET not in said.out + said.err
    (here / "shown.yaml").write_text(f"flow: shown\nstreams:\n  meter:\n{said.out}    - print:\n")
    assert load(here / "shown.yaml").warnings == ()  # it reads the .env


def test_what_stands_in_the_env_is_kept(papers, here, capsys):
    env = here / "my.env"
    env.write_text("HOMEWIZARD_TOKEN=old\nMQTT=mine")
    env.chmod(0o644)
    battery = fixture("p1_device") | {"product_type": "HWE-BAT"}
    own = homewizard.papers(here, "appliance/battery/5c2fafaabbcc", papers)
    with serving(Slow(**{"": battery}), own) as host:
        assert call(["pair", "homewizard", host, "--into", "my.env"]) == 0
    assert env.read_text() == f"HOMEWIZARD_TOKEN=old\nMQTT=mine\nHOMEWIZARD_TOKEN_2={SECRET}\n"
    out, error = capsys.readouterr()
    assert "others on this machine can read my.env" in error
    assert "homewizard_battery:" in out
    assert "${HOMEWIZARD_TOKEN_2}" in out
    assert "appliance/battery/5c2fafaabbcc" in out
    assert call(["pair", "homewizard", host, "--into", "my.env", "--name", "MQTT"]) == 2
    assert "MQTT is in my.env already" in capsys.readouterr().err


def test_a_button_that_nobody_presses_ends_the_waiting(papers, here, capsys):
    with serving(Device(), papers) as host:
        assert call(["pair", "homewizard", host, "--wait", "50ms"]) == 1
    assert "nothing happened within 0.05 s; try once more" in capsys.readouterr().err
    assert (here / ".env").read_text() == ""


def test_waiting_that_ends_amid_a_question_leaves_no_connection_open(papers, here):
    with serving(Pensive(), papers) as host:
        assert call(["pair", "homewizard", host, "--wait", "200ms"]) == 1
    gc.collect()  # where it would be found, and warned of


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["homewizrd", "127.0.0.1:9"], 2, "did you mean 'homewizard'"),
        (["homewizard", "127.0.0.1:9"], 1, "does not answer"),
        (["homewizard", "127.0.0.1:9", "--wait", "soon"], 2, "--wait soon"),
        (["homewizard", "127.0.0.1:9", "--name", "a b"], 2, "cannot be a name"),
        (["homewizard", "127.0.0.1:9", "--into", "no/where/.env"], 1, "No such file"),
    ],
)
def test_what_is_wrong_is_told_before_anybody_goes_to_the_button(here, words, code, said, capsys):
    assert call(["pair", *words]) == code
    assert said in capsys.readouterr().err


def test_an_env_that_is_none_is_told_without_its_words(here, capsys):
    (here / ".env").write_text("A=1\nmy secret words\n")
    assert call(["pair", "homewizard", "127.0.0.1:9"]) == 2
    said = capsys.readouterr().err
    assert "line 2" in said
    assert "secret" not in said


def test_one_that_is_not_what_its_certificate_says_gets_no_place_in_a_flow(papers, here, capsys):
    battery = fixture("p1_device") | {"product_type": "HWE-BAT"}
    with serving(Slow(**{"": battery}), papers) as host:
        assert call(["pair", "homewizard", host]) == 1
    assert "its certificate is not accepted" in capsys.readouterr().err
    assert (here / ".env").read_text() == ""


def test_one_that_says_nothing_of_itself_is_told(papers, here, capsys):
    with serving(Slow(**{"": {"hello": 1}}), papers) as host:
        assert call(["pair", "homewizard", host]) == 1
    assert "is it a HomeWizard device with API v2" in capsys.readouterr().err


def test_ours_is_installed(monkeypatch):
    monkeypatch.undo()
    assert pairer("homewizard") is pairers.homewizard
