"""200,000 values pushed at once, live: by how much memory grows, and what is left over."""

import asyncio
import tempfile
from pathlib import Path

from measure import load, peak

from flowctl.live.guarding import Guarding
from flowctl.live.run import run
from flowctl.live.session import Options

VALUES = 200_000
SOURCE = f'''
from collections.abc import AsyncIterator
import asyncio
from flowctl import Watts

async def burst() -> AsyncIterator[Watts]:
    """Say many values without a breath."""
    await asyncio.sleep(0.5)
    for value in range({VALUES}):
        yield float(value)
    await asyncio.sleep(0.5)
'''
SINK = '''
import asyncio
from flowctl import Latest, Watts

async def slow(values: Latest[Watts]) -> None:
    """Take one value in 100 ms."""
    async for _ in values:
        await asyncio.sleep(0.1)
'''
FLOW = """
flow: burst
streams:
  meter:
    - burst
    - filter: value >= 0
    - debounce: 50ms
    - throttle: 200ms
    - slow
  other:
    - from: meter/burst
    - scale: 2
    - smooth: 5s
    - slow
"""


async def grown(flow: Path) -> float:
    """Growth of the highest memory ever held, in MB."""
    before: list[float] = []

    class Begun(Guarding):
        """Is told when all is built and nothing has spoken."""

        def start(self, _: object) -> None:
            before.append(peak())

    sessions = await run([flow], Options(watch=False), guard=Begun((), (), wanted=False))
    said = sessions[0].engine.output("meter/burst").count
    assert said == VALUES, said
    return peak() - before[0]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        nodes = Path(name) / "nodes"
        nodes.mkdir()
        (nodes / "burst.py").write_text(SOURCE)
        (nodes / "slow.py").write_text(SINK)
        flow = Path(name) / "burst.yaml"
        flow.write_text(FLOW)
        print(f"memory grew by {asyncio.run(grown(flow)):.1f} MB (bound 5); {load()}")


if __name__ == "__main__":
    main()
