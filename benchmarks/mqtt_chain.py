"""MQTT in -> 3 operators -> MQTT out through `flowctl run`: latency when paced, rate when pushed.

    python -m benchmarks.mqtt_chain

A broker, the flow and this driver share the machine; the CPU time per message is the steady figure.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nodes._helpers.mqtt_packets import publish_packet, read_publish
from tests.brokers import Mosquitto

FLOW = """
flow: chain
streams:
  chain:
    - mqtt_in: {{broker: "{url}", topic: in, unit: W}}
    - map: value * 0.5 + 1
    - clamp: {{low: -1000000kW, high: 1000000kW}}
    - filter: value > -5
    - mqtt_out: {{broker: "{url}", topic: out}}
"""
SECONDS = 4.0
HELLO = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03drv" + b"\x82\x08\x00\x01\x00\x03%s\x00"
OURS, ALONE = b"out", b"raw"  # the topic that is heard: behind the flow, or the driver's own


class Driver(asyncio.Protocol):
    """Speaks just enough MQTT to say `in` and hear `out`, or itself."""

    def __init__(self, hears: bytes) -> None:
        self._hears = hears
        self.heard: Callable[[bytes], None] = lambda _: None
        self.ready = asyncio.Event()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(HELLO % self._hears)

    def data_received(self, data: bytes) -> None:
        block, at = self._rest + data, 0
        if block[:1] == b"\x20":
            at = 4
        if block[at : at + 1] == b"\x90":
            at += 5
            self.ready.set()
        while found := read_publish(block, at, properties=False):
            at = found.end
            self.heard(found.payload)
        self._rest = block[at:]

    def say(self, number: int) -> None:
        topic = "in" if self._hears == OURS else ALONE.decode()
        packet = publish_packet(topic, b"%d" % number, retain=False, properties=False)
        self.transport.write(bytes(packet))


async def connected(port: int, hears: bytes = OURS) -> Driver:
    loop = asyncio.get_running_loop()
    _, driver = await loop.create_connection(lambda: Driver(hears), "127.0.0.1", port)
    await driver.ready.wait()
    return driver


async def paced(port: int, rate: int, hears: bytes) -> str:
    driver, sent, took = await connected(port, hears), dict[int, float](), list[float]()

    def heard(payload: bytes) -> None:
        number = round((float(payload) - 1) * 2) if hears == OURS else int(payload)
        took.append(time.perf_counter() - sent.pop(number))

    driver.heard = heard
    start, count = time.perf_counter(), int(rate * SECONDS)
    for number in range(count):
        wait = start + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        sent[number] = time.perf_counter()
        driver.say(number)
    await asyncio.sleep(0.3)
    driver.transport.close()
    cut = statistics.quantiles(took, n=100)
    p50, p99 = cut[49] * 1e3, cut[98] * 1e3
    who = "flow" if hears == OURS else "broker alone"
    return f"{who}, {rate}/s: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {count - len(took)} lost"


async def pushed(port: int, flying: int) -> tuple[float, int]:
    driver, count = await connected(port), 0

    def heard(_: bytes) -> None:
        nonlocal count
        count += 1
        driver.say(count)

    driver.heard = heard
    for number in range(flying):
        driver.say(number)
    await asyncio.sleep(0.5)
    before, start = count, time.perf_counter()
    await asyncio.sleep(SECONDS)
    rate = (count - before) / (time.perf_counter() - start)
    alive = 0

    def last(_: bytes) -> None:
        nonlocal alive
        alive += 1

    driver.heard = last
    await asyncio.sleep(0.3)
    driver.transport.close()
    return rate, flying - alive


def busy(pid: int) -> float:
    """CPU seconds a process used so far."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / 100


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(folder, "set_tcp_nodelay true")
        broker.start()
        flow = folder / "chain.yaml"
        flow.write_text(FLOW.format(url=broker.url))
        command = [sys.executable, "-m", "flowctl", "run", str(flow)]
        engine = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(4)
        try:
            for rate in (100, 1000):
                print(asyncio.run(paced(broker.port, rate, ALONE)))
                print(asyncio.run(paced(broker.port, rate, OURS)))
            for flying in (1, 100):
                start, used = time.perf_counter(), busy(engine.pid)
                rate, lost = asyncio.run(pushed(broker.port, flying))
                cpu = (busy(engine.pid) - used) / (time.perf_counter() - start - 0.3) / rate * 1e6
                print(f"{flying} in flight: {rate:.0f}/s, {cpu:.1f} us CPU each, {lost} lost")
        finally:
            engine.terminate()
            engine.wait()
            broker.stop()


if __name__ == "__main__":
    main()
