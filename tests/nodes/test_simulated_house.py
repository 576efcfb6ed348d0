"""The simulated house in a process of its own, met by real clients."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
import pytest
from pymodbus.client import AsyncModbusTcpClient

from flowctl import Log
from flowctl.language.wires import silent
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers import simulated
from nodes.homewizard_p1 import homewizard_p1
from nodes.simulated_house import simulated_house
from tests.brokers import free_port
from tests.nodes.web import take

LOG = Log("house")
QUICK = "dead_time: 0s, lag: 20ms, wake: 0s, slew: 100kW/s, write_every: 0s"
PLANT = f"""
house: {{profile: quiet, base: 400W, noise: 0W}}
meter: {{every: 300ms, latency: 100ms, average: 300ms, noise: 0W}}
left: {{speaks: marstek_modbus, family: v2, {QUICK}, telemetry: {{age: 0s, noise: 0W}}}}
right: {{speaks: marstek_udp, {QUICK}, telemetry: {{age: 0s, noise: 0W}}}}
"""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


@pytest.fixture
def quiet(plant: Path) -> Path:
    told = "age: 0s, noise: 0W"
    plant.write_text(PLANT.replace(told, f"{told}, untold: [power, max_charge]"))
    return plant


@pytest.fixture
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("p1_port", "modbus_port", "udp_port", "broker_port")}


@asynccontextmanager
async def house(plant: Path, ports: dict[str, int], **more: Any) -> AsyncIterator[None]:
    async with aclosing(simulated_house(plant=plant, log=LOG, **ports, **more)) as source:
        async with asyncio.timeout(30):
            assert await anext(source) is None
        yield


async def truth(port: int) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/house") as reply,
    ):
        told: dict[str, Any] = await reply.json()
        return told


async def until(condition: Any) -> None:
    for _ in range(400):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come true in 20 s")


async def is_gone(port: int) -> bool:
    try:
        await truth(port)
    except aiohttp.ClientError:
        return True
    return False


def test_it_is_a_source_that_nobody_has_to_read() -> None:
    spec = read_node(simulated_house)
    assert (spec.kind, spec.first_setting) == (NodeKind.SOURCE, "plant")
    assert spec.output is not None
    assert silent(spec.output)


async def test_meter_battery_and_broker_are_met_over_their_own_protocols(
    plant: Path, ports: dict[str, int]
) -> None:
    async with house(plant, ports):
        host = f"127.0.0.1:{ports['p1_port']}"
        assert await take(homewizard_p1(host=host, every=0.1, log=LOG), 1) == [400.0]

        battery = AsyncModbusTcpClient("127.0.0.1", port=ports["modbus_port"], timeout=5)
        assert await battery.connect()
        for register, value in ((42000, 21930), (42021, 300), (42010, 2)):  # control, W, discharge
            written = await battery.write_register(register, value, device_id=1)
            assert not written.isError()

        async def served() -> bool:
            told = await truth(ports["p1_port"])
            return told["batteries"]["left"] | {"soc": 60.0} == {
                "power": 300.0,
                "soc": 60.0,
                "online": True,
                "commanded": True,
            }

        await until(served)
        *_, reading = await take(
            homewizard_p1(host=host, every=0.5, log=LOG), 4
        )  # once it is level
        assert reading == pytest.approx(100.0, abs=60)
        battery.close()

        version = aiomqtt.ProtocolVersion.V311
        async with aiomqtt.Client("127.0.0.1", ports["broker_port"], protocol=version) as client:
            await client.subscribe("home/#")
            await client.publish("home/plan", "5", qos=1)
            async with asyncio.timeout(10):
                message = await anext(aiter(client.messages))
            assert (message.topic.value, message.payload) == ("home/plan", b"5")


async def ask(port: int, method: str, **params: Any) -> dict[str, Any]:
    """One question over UDP, and its answer."""
    question = json.dumps({"id": 1, "method": method, "params": {"id": 0} | params}).encode()
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            heard.put_nowait(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", port))
    try:
        transport.sendto(question)
        async with asyncio.timeout(10):
            told: dict[str, Any] = json.loads(await heard.get())
        return told["result"]
    finally:
        transport.close()


async def test_a_battery_is_met_over_udp(plant: Path, ports: dict[str, int]) -> None:
    port = ports["udp_port"]
    async with house(plant, ports):
        passive = {"mode": "Passive", "passive_cfg": {"power": 250, "cd_time": 60}}
        assert (await ask(port, "ES.SetMode", config=passive))["set_result"] is True

        async def served() -> bool:
            told = (await truth(ports["p1_port"]))["batteries"]["right"]
            return bool(told["power"] == 250 and told["commanded"])

        await until(served)
        status = await ask(port, "ES.GetStatus")
        assert (status["bat_soc"], status["ongrid_power"]) == (60, 250)


async def test_what_it_cannot_leave_out_on_sockets_is_said(
    quiet: Path, ports: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    async with house(quiet, ports):
        assert "ongrid_power" not in await ask(ports["udp_port"], "ES.GetStatus")
    assert "left tells its max_charge on sockets all the same" in caplog.text
    assert "right tells its max_charge on sockets all the same" in caplog.text


async def test_a_second_engine_joins_and_the_last_goodbye_ends_it(
    plant: Path, ports: dict[str, int]
) -> None:
    port = ports["p1_port"]
    async with house(plant, ports):
        before = (await truth(port))["time"]
        async with house(plant, ports):
            assert (await truth(port))["time"] > before
        await asyncio.sleep(1.5)
        assert (await truth(port))["time"] > before + 1.5
    await until(lambda: is_gone(port))


@pytest.fixture
def moved(plant: Path) -> int:
    """Move the meter of the plant to a port of its own; which."""
    port = free_port()
    plant.write_text(PLANT.replace("meter: {", f"meter: {{port: {port}, "))
    return port


async def test_a_meter_with_a_port_of_its_own_is_met_there_and_joined_there(
    plant: Path, ports: dict[str, int], moved: int
) -> None:
    async with house(plant, ports):
        assert await is_gone(ports["p1_port"])
        before = (await truth(moved))["time"]
        assert await take(homewizard_p1(host=f"127.0.0.1:{moved}", every=0.1, log=LOG), 1)
        async with house(plant, ports):
            assert (await truth(moved))["time"] > before
    await until(lambda: is_gone(moved))


async def test_two_houses_live_side_by_side_each_at_the_port_of_its_meter(
    plant: Path, ports: dict[str, int], tmp_path: Path
) -> None:
    other, port = tmp_path / "other.yaml", free_port()
    await asyncio.to_thread(other.write_text, f"meter: {{port: {port}}}\n")
    async with house(plant, ports), house(other, ports | {"broker_port": 0}):
        assert list((await truth(port))["batteries"]) == []
        assert list((await truth(ports["p1_port"]))["batteries"]) == ["left", "right"]


async def test_who_else_is_at_the_port_of_its_meter_is_told(
    plant: Path, ports: dict[str, int], moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "ANSWER", 0.1)  # s: it is silent
    cure = r"end what uses it, or set its port in the plant file or port_offset"
    wanted = rf"port {moved} is in use, for meter \(homewizard_p1\); {cure}"
    with socket.create_server(("127.0.0.1", moved)), pytest.raises(OSError, match=wanted):
        async with house(plant, ports):
            pass


async def test_another_house_at_the_port_of_its_meter_is_not_joined(
    plant: Path, ports: dict[str, int], moved: int, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    await asyncio.to_thread(other.write_text, f"meter: {{port: {moved}}}\n")
    async with house(plant, ports):
        with pytest.raises(OSError, match=rf"another simulated house.*lives at 127.0.0.1:{moved}"):
            async with house(other, ports):
                pass


async def test_it_outlives_a_killed_engine_for_a_while(plant: Path, ports: dict[str, int]) -> None:
    given = ", ".join(f"{name}={port}" for name, port in ports.items())
    code = f"""
import asyncio
from pathlib import Path
from flowctl import Log
from nodes.simulated_house import simulated_house
async def main():
    source = simulated_house(plant=Path({str(plant)!r}), {given}, outlives=2.0,
                             log=Log("it"))
    async for _ in source:
        print("ready", flush=True)
asyncio.run(main())
"""
    port = ports["p1_port"]
    root = str(Path(__file__).parents[2])
    engine = subprocess.Popen(  # noqa: ASYNC220 - it has to be killed like an engine
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE
    )
    with engine:
        assert engine.stdout
        assert engine.stdout.readline() == b"ready\n"
        engine.send_signal(signal.SIGKILL)
    before = (await truth(port))["time"]
    async with house(plant, ports, outlives=2.0):
        assert before < (await truth(port))["time"] < before + 10
    await until(lambda: is_gone(port))


async def test_an_orphan_ends_by_itself_though_a_guest_of_its_broker_stays(
    plant: Path, ports: dict[str, int]
) -> None:
    within = "--outlives=4"  # s in which the guest must have come: a machine may be busy
    command = [sys.executable, "-P", "-m", "nodes.sim.house", str(plant), within]
    command += [f"--{name.replace('_', '-')}={port}" for name, port in ports.items()]
    orphan = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert orphan.stdout
    assert b'"ready": {"meter": "127.0.0.1:' in await orphan.stdout.readline()
    _, guest = await asyncio.open_connection("127.0.0.1", ports["broker_port"])
    await orphan.wait()
    guest.close()
    assert orphan.returncode == 0


async def test_who_ends_before_its_house_is_ready_leaves_none_behind(
    plant: Path, ports: dict[str, int]
) -> None:
    before = set(simulated._started)  # those of other tests, which are tidied away meanwhile
    source = simulated_house(plant=plant, log=LOG, **ports)
    coming = asyncio.ensure_future(anext(source))  # type: ignore[arg-type] # it is a coroutine

    async def begun() -> set[int]:
        return set(simulated._started) - before

    await until(begun)
    (child,) = await begun()
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    await source.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_port_in_use_is_named_with_the_cure(plant: Path, ports: dict[str, int]) -> None:
    port = ports["modbus_port"]
    wanted = rf"port {port} is in use, for left \(marstek_modbus\); .* set modbus_port or port_off"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match=wanted):
        async with house(plant, ports):
            pass


async def test_another_house_at_its_ports_is_not_joined(
    plant: Path, ports: dict[str, int], tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    await asyncio.to_thread(other.write_text, "meter: {}\n")
    async with house(plant, ports):
        with pytest.raises(OSError, match=r"another simulated house.*set port_offset"):
            async with house(other, ports):
                pass


async def test_a_faulty_plant_is_told_with_its_place(tmp_path: Path, ports: dict[str, int]) -> None:
    faulty = tmp_path / "faulty.yaml"
    await asyncio.to_thread(faulty.write_text, "meter: {}\nleft: {capacity: 5}\n")
    with pytest.raises(OSError, match=r"faulty\.yaml:2:18: left/capacity: .*5 has no unit"):
        async with house(faulty, ports):
            pass


async def test_a_missing_plant_is_told(tmp_path: Path, ports: dict[str, int]) -> None:
    with pytest.raises(OSError, match=r"nowhere\.yaml cannot be read: No such file"):
        async with house(tmp_path / "nowhere.yaml", ports):
            pass
