"""Real MQTT brokers for tests: mosquitto as a child process on a free port of loopback."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

PATIENCE = 10.0  # s for a start
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)

_chance = random.Random()  # of its own: hypothesis sets the other one back to 0 in each worker
_reserved: list[socket.socket] = []


def find_mosquitto() -> str | None:
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("mosquitto", path=places)


def free_port() -> int:
    """A port that is free for TCP and UDP and stays ours until this process ends.

    It is below those that the system itself gives away, and other processes of tests on this
    machine pass it by.
    """
    for _ in range(1000):
        port = _chance.randrange(20_000, 30_000)
        if _reserve(port) and all(map(partial(_is_free, port), KINDS)):
            return port
    raise RuntimeError("no port is free")


def _reserve(port: int) -> bool:
    """Linux lets one socket alone have an abstract name, and lets go of it with the process."""
    if sys.platform != "linux":
        return True
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mark.bind(f"\0a port of the tests of flowctl: {port}")
    except OSError:
        mark.close()
        return False
    _reserved.append(mark)
    return True


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


class Mosquitto:
    """A broker that can be started, killed and started again on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on the port it had; the first time on a free one, which a neighbour may snatch."""
        for _ in range(5):
            if self._started(self.port or free_port()):
                return
        raise RuntimeError(f"mosquitto did not start: {(self._folder / 'log').read_text()}")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _started(self, port: int) -> bool:
        given = any(option.startswith("allow_anonymous") for option in self._options)
        lines = [
            f"listener {port} 127.0.0.1",
            "persistence false",
            *([] if given else ["allow_anonymous true"]),
            *(["user root"] if os.getuid() == 0 else []),
            *self._options,
        ]
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [find_mosquitto() or "mosquitto", "-c", str(config)], stdout=log, stderr=log
            )
        if not self._answers(port):
            self.stop()
            return False
        self.port = port
        return True

    def _answers(self, port: int) -> bool:
        end = time.monotonic() + PATIENCE
        while self._process and self._process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return True
        return False
