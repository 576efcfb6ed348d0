"""A thousand three-step flows at 1 Hz in one process: CPU, memory, and what they cost to start."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import load, memory, process_cpu

FLOW = """
flow: f{number}
streams:
  level:
    - tick: 1s
    - scale: 0.5
    - map: value + 1
"""
COUNT = 1000
SETTLED, WATCHED = 8.0, 20.0  # s


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        flows = [Path(name) / f"f{number}.yaml" for number in range(COUNT)]
        for number, flow in enumerate(flows):
            flow.write_text(FLOW.format(number=number))
        command = [sys.executable, "-m", "flowctl", "run", *map(str, flows), "--state", name]
        engine = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(SETTLED)
            started, began = process_cpu(engine.pid), time.perf_counter()
            time.sleep(WATCHED)
            spent, passed = process_cpu(engine.pid) - started, time.perf_counter() - began
            print(f"{COUNT} flows started with {started:.1f} s CPU")
            print(f"{spent / passed * 100:.2f} % of a core (bound 2)")
            print(f"{memory(engine.pid):.0f} MB (bound 100); {load()}")
        finally:
            engine.terminate()
            engine.wait()


if __name__ == "__main__":
    main()
