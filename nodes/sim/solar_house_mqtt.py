"""The solar house on MQTT: PZEM meters, a power variator, a Domoticz relay, and what they say.

    python -m nodes.sim.solar_house_mqtt --port 18083

brings a broker of its own and stays until Ctrl-C.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from flowctl import ticks
from nodes._helpers.mqtt import Link, mqtt
from nodes.sim import broker
from nodes.sim.solar_house import Radiator, SolarHouse, WaterHeater, clear_day

VOLTS = 230.0
PZEM_ERROR = '{ "PZEM_READ_ERROR" } '  # as its firmware writes it: no JSON
WORDS = ("bs", "ap", "ota", "reboot", "on", "off", "status")


@dataclass
class Pzem:
    """One PZEM meter. Source: Coturex Wifi_Mqtt_SmartMeter, statusPub and bootPub."""

    name: str
    watts: Callable[[], float]
    every: float = 2.0
    noise: float = 0.0
    silent: bool = False
    broken: bool = False
    """It cannot read its sensor."""
    energy: float = 0.0

    def boot(self) -> str:
        """Tell that it has started: nearly JSON, but for the address."""
        return f'{{"type": "pzem", "id": "{self.name}", "fw_version": "1.3", "ip": 10.3.141.20}}'

    def reading(self, random: Random) -> str:
        """Tell what it measures."""
        if self.broken:
            return PZEM_ERROR
        watts = max(0.0, self.watts() + random.gauss(0, self.noise))
        self.energy += watts * self.every / 3_600_000
        told = {
            "voltage": VOLTS,
            "current": round(watts / VOLTS, 2),
            "power": round(watts, 2),
            "energy": round(self.energy, 3),
            "frequency": 50.0,
            "powerfactor": 1.0,
        }
        return json.dumps(told)


@dataclass
class SolarHouseMqtt:
    """What a test may do to the house while it runs."""

    house: SolarHouse
    meters: dict[str, Pzem]
    heard: list[tuple[str, str]] = field(default_factory=list)
    """Commands that reached a load."""
    answers: bool = True
    """Whether the variator tells its percent after each command."""

    @property
    def heater(self) -> WaterHeater:
        """The water heater."""
        load = self.house.loads["ecs"]
        assert isinstance(load, WaterHeater)
        return load

    @property
    def radiator(self) -> Radiator:
        """The radiator on the relay."""
        load = self.house.loads["resille"]
        assert isinstance(load, Radiator)
        return load

    def vload(self, text: str) -> str | None:
        """Take a command of the variator, and answer it."""
        heater = self.heater
        if not heater.powered:
            return None
        self.heard.append(("ecs", text))
        if text not in WORDS:
            with suppress(ValueError):
                heater.percent = min(100.0, max(0.0, float(text)))
        elif text in ("on", "off"):
            heater.percent = 100.0 if text == "on" else 0.0
        state = "ON" if heater.percent else "OFF"
        told = {"percent": heater.percent, "power": 0, "mode": "mqtt", "state": state, "msg": ""}
        return json.dumps(told) if self.answers else None

    def domoticz(self, text: str) -> None:
        """Take a command that Domoticz hands on to the relay."""
        with suppress(ValueError):
            told = json.loads(text)
            if isinstance(told, dict) and told.get("idx") == 359:
                self.heard.append(("resille", str(told.get("switchcmd"))))
                self.radiator.is_on = told.get("switchcmd") == "On"


@asynccontextmanager
async def serve(
    url: str,
    house: SolarHouse | None = None,
    *,
    hurry: float = 1.0,
    every: float = 2.0,
    noise: float = 0.0,
    prefix: str = "",
    seed: int = 1,
) -> AsyncIterator[SolarHouseMqtt]:
    """Serve the house on a broker; `hurry` is how much faster than life all of it goes."""
    house = house or SolarHouse()
    house.loads = dict(house.loads) or {"ecs": WaterHeater(), "resille": Radiator()}
    made = SolarHouseMqtt(
        house,
        {
            "CONSOMMATION": Pzem("CONSOMMATION", house.consumption, every, noise),
            "PRODUCTION": Pzem("PRODUCTION", house.production, every, noise),
            "ECS": Pzem("ECS", house.loads["ecs"].draws, every),
        },
    )
    async with mqtt(f"{url}?status=") as link:  # a connection of its own
        jobs = [_living(house, hurry), _listening(link, made, prefix)]
        jobs += [_metering(link, meter, hurry, seed) for meter in made.meters.values()]
        tasks = [asyncio.create_task(job) for job in jobs]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _living(house: SolarHouse, hurry: float) -> None:
    loop = asyncio.get_running_loop()
    began, at = loop.time(), house.time
    async for _ in ticks(min(0.25, 0.25 / hurry)):
        house.advance(at + (loop.time() - began) * hurry)


async def _metering(link: Link, meter: Pzem, hurry: float, seed: int) -> None:
    random = Random(f"{seed}/{meter.name}")
    link.say("smeter/pzem", meter.boot().encode(), event=True)
    await asyncio.sleep(random.random() * meter.every / hurry)  # no two are in step
    async for _ in ticks(meter.every / hurry):
        if not meter.silent:
            link.say(f"smeter/pzem/{meter.name}", meter.reading(random).encode(), event=True)


async def _listening(link: Link, made: SolarHouseMqtt, prefix: str) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_variator(link, made, prefix))
        group.create_task(_relay(link, made, prefix))


async def _variator(link: Link, made: SolarHouseMqtt, prefix: str) -> None:
    link.say(f"{prefix}regul/vload", b'{"type": "vload", "id": "ECS", "ip": 10.3.141.21}')
    async with aclosing(link.hear(f"{prefix}regul/vload/ECS/cmd")) as messages:
        async for message in messages:
            answer = made.vload(message.payload.decode(errors="replace"))
            if answer:
                link.say(f"{prefix}regul/vload/ECS", answer.encode(), event=True)


async def _relay(link: Link, made: SolarHouseMqtt, prefix: str) -> None:
    async with aclosing(link.hear(f"{prefix}domoticz/in")) as messages:
        async for message in messages:
            made.domoticz(message.payload.decode(errors="replace"))


async def _alone(port: int) -> None:
    sun = clear_day()
    house = SolarHouse(sun=lambda time: sun(time + 11 * 3600.0))
    async with broker.serve("127.0.0.1", port), serve(f"mqtt://127.0.0.1:{port}", house):
        sys.stdout.write(f"a solar house lives at mqtt://127.0.0.1:{port}; Ctrl-C ends it\n")
        await asyncio.Event().wait()


def main() -> None:
    """Live until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="nodes.sim.solar_house_mqtt", description=__doc__)
    parser.add_argument("--port", type=int, default=18083, help="of its MQTT broker")
    with suppress(KeyboardInterrupt):
        asyncio.run(_alone(parser.parse_args().port))


if __name__ == "__main__":
    main()
