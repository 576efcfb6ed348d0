"""From `flowctl` to the first device dialled, what it then holds in memory, and what `check` costs.

    python benchmarks/start.py [FLOW]

The simulated house is left out; this script listens where the devices would be.
"""

import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from measure import load, memory

ROOT = Path(__file__).parent.parent
FLOWCTL = [sys.executable, "-m", "flowctl"]
BARE = [sys.executable, "-c", "import reactivex, pydantic, yaml"]
ROUNDS = 15
SETTLED = 3.0  # s until memory is read


def without_house(flow: Path, folder: Path) -> Path:
    """A copy of the flow that has no simulated house."""
    lines = flow.read_text().splitlines(keepends=True)
    kept = [
        line for line in lines if "simulated_house" not in line and not line.startswith("  house:")
    ]
    copy = folder / flow.name
    copy.write_text("".join(kept))
    return copy


def spent(command: list[str]) -> float:
    """CPU seconds of a process; less disturbed by neighbours than the wall clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check(flow: Path) -> None:
    pairs = [(spent(BARE), spent([*FLOWCTL, "check", str(flow)])) for _ in range(ROUNDS)]
    bare, ours = (min(times) * 1000 for times in zip(*pairs, strict=True))
    print(f"bare import {bare:.0f} ms, check {ours:.0f} ms: {ours / bare:.2f} times (bound 2)")


def start(flow: Path, state: Path) -> None:
    """Wait until a device is dialled."""
    with ExitStack() as stack:
        doors = [stack.enter_context(_listening(kind)) for kind in (1, 1, 2, 1)]
        ports = [door.getsockname()[1] for door in doors]
        names = ("P1_HOST", "LEFT_HOST", "RIGHT_HOST", "MQTT")
        hosts = {name: f"127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)}
        hosts["MQTT"] = f"mqtt://{hosts['MQTT']}"
        command = [*FLOWCTL, "run", str(flow), "--state", str(state)]
        took = []
        for _ in range(ROUNDS // 3):
            began = time.perf_counter()
            engine = subprocess.Popen(command, env={**os.environ, **hosts}, stdout=-3, stderr=-3)
            dialled, _, _ = select.select(doors, [], [], 10)
            took.append(time.perf_counter() - began)
            assert dialled
            time.sleep(SETTLED)
            used = memory(engine.pid)
            guards = [memory(pid) for pid in _children(engine.pid)]
            engine.terminate()
            engine.wait()
            _drain(doors)
        print(f"first device dialled after {min(took):.2f} s (bound 0.6)")
        print(
            f"memory {used:.0f} MB (bound 60), guardian {', '.join(f'{m:.0f}' for m in guards)} MB"
        )


def _listening(kind: int) -> socket.socket:
    door = socket.socket(socket.AF_INET, socket.SocketKind(kind))
    door.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        door.listen(64)
    return door


def _drain(doors: list[socket.socket]) -> None:
    while ready := select.select(doors, [], [], 0)[0]:
        for door in ready:
            if door.type == socket.SOCK_STREAM:
                door.accept()[0].close()
            else:
                door.recv(4096)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def main() -> None:
    flow = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "flows" / "home.yaml"
    with tempfile.TemporaryDirectory() as folder:
        alone = without_house(flow, Path(folder))
        spent([*FLOWCTL, "check", str(alone)])  # everything is compiled from here on
        check(flow)
        start(alone, Path(folder) / "state")
    print(load())


if __name__ == "__main__":
    main()
