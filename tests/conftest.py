"""Fixtures for all tests, and what no test may do: leave this machine, or start rx threads."""

import ipaddress
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from reactivex.scheduler import TimeoutScheduler

from tests.brokers import Mosquitto, find_mosquitto

# a busy machine is no fault, and a red test tells of a change; `--hypothesis-profile=drawn` is luck
settings.register_profile("flowctl", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("drawn", deadline=None, max_examples=200)
settings.load_profile("flowctl")

if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:  # under `nohup`; what we start is not meant
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every other worker begin with the stories, which wait, while the rest compute.

    `--dist worksteal` gives each worker an equal stretch of the list to begin with.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    stories = [item for item in items if _waits(item)]
    rest = [item for item in items if not _waits(item)]
    tellers = workers // 2
    if not tellers or len(rest) < workers * len(stories):
        return
    stories.sort(key=lambda item: "story" not in item.name)  # the longest first
    stretch = -(-len(items) // workers)
    for number in range(tellers):
        at = 2 * number * stretch
        rest[at:at] = stories[number::tellers]
    items[:] = rest


@pytest.fixture(scope="session", autouse=True)
def _hear_ctrl_c() -> None:
    """A shell's background job is deaf to it, and so would be each flow that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _live_in_one_zone() -> Iterator[None]:
    """Commands live in the zone of a recording; the next test does not."""
    zone, names = os.environ.get("TZ"), time.tzname
    yield
    if os.environ.get("TZ") != zone:
        os.environ.pop("TZ", None)
        os.environ.update({} if zone is None else {"TZ": zone})
    if time.tzname != names:
        time.tzset()


@pytest.fixture(scope="session", autouse=True)
def _stay_at_home() -> Iterator[None]:
    """Refuse every connection, datagram and name look-up that would leave loopback."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto, look_up = socket.socket.sendto, socket.getaddrinfo

    def guarded(call: Any) -> Any:
        def checked(self: socket.socket, *given: Any) -> Any:
            _check(self, given[-1])
            return call(self, *given)

        return checked

    def look_up_here(host: Any, *given: Any, **more: Any) -> Any:
        if host not in (None, "", b"", "localhost", b"localhost") and _address(host) is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket.socket, "sendto", guarded(sendto))
        patch.setattr(socket, "getaddrinfo", look_up_here)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_rx_threads() -> Iterator[None]:
    """Refuse reactivex's default scheduler, which starts a thread for each timer."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a timer without our clock: give the operator scheduler=clock")

    with pytest.MonkeyPatch.context() as patch:
        for way in ("schedule", "schedule_relative", "schedule_absolute"):
            patch.setattr(TimeoutScheduler, way, refuse)
        yield


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real broker; share it, each test on topics of its own (`topic`)."""
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    broker.start()
    yield broker.url
    broker.stop()


@pytest.fixture
def own_mosquitto(tmp_path: Any) -> Iterator[Mosquitto]:
    """A broker of the test's own, running, to be stopped and started at will."""
    if not find_mosquitto():
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def topic() -> str:
    """A topic that no other test uses."""
    return f"test/{uuid.uuid4().hex}"


def _waits(item: pytest.Item) -> bool:
    return item.path.name.endswith("_live.py")


def _check(link: socket.socket, address: Any) -> None:
    if link.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = _address(address[0])
    local = address[0] in ("", "localhost") or (host and (host.is_loopback or host.is_unspecified))
    if local or (host and host.is_multicast and _casts_at_home(link)):
        return
    raise AssertionError(f"a test may not leave loopback: {address}")


def _address(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return None


def _casts_at_home(link: socket.socket) -> bool:
    if link.family != socket.AF_INET:
        return False
    interface = link.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)
    return ipaddress.ip_address(interface).is_loopback
