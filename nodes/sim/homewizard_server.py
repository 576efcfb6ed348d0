"""A simulated HomeWizard P1 meter, and beside it what only a simulated house has to say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from nodes.sim.lifeline import Lifelines
from nodes.sim.live_plant import LivePlant

DEVICE = {
    "product_type": "HWE-P1",
    "product_name": "P1 Meter",
    "serial": "3c39e7aabbcc",
    "firmware_version": "5.18",
    "api_version": "v1",
}


@asynccontextmanager
async def serve(live: LivePlant, lifelines: Lifelines, host: str, port: int) -> AsyncIterator[None]:
    """Serve `/api` and `/api/v1/data` as the dongle does; `/house` tells the truth.

    Source: api-documentation.homewizard.com, API v1; a field that is not known is left out.
    """
    from aiohttp import web

    async def device(_: web.Request) -> web.Response:
        return web.json_response(DEVICE)

    async def data(request: web.Request) -> web.Response:
        plant = live.now()
        if any(fault.silent for fault in plant.gauge.faults(plant.time)) and request.transport:
            request.transport.abort()
        return web.json_response(_data(live))

    async def house(_: web.Request) -> web.Response:
        return web.json_response({"mark": lifelines.mark} | _truth(live))

    app = web.Application()
    app.router.add_get("/api", device)
    app.router.add_get("/api/v1/data", data)
    app.router.add_get("/house", house)
    app.router.add_get("/house/line", lifelines.hold)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def _data(live: LivePlant) -> dict[str, Any]:
    told = {
        "wifi_ssid": "simulated",
        "wifi_strength": 100,
        "smr_version": 50,
        "meter_model": "flowctl simulated house",
        "total_power_import_kwh": round(live.imported, 3),
        "total_power_export_kwh": round(live.exported, 3),
    }
    if live.watts is not None:
        told |= {"active_power_w": round(live.watts), "active_power_l1_w": round(live.watts)}
    return told


def _truth(live: LivePlant) -> dict[str, Any]:
    plant = live.now()
    time = plant.time
    return {
        "time": round(time, 3),
        "grid": round(plant.grid(time), 1),
        "load": round(plant.load(time), 1),
        "pv": round(plant.pv(time), 1),
        "batteries": {
            name: {
                "power": round(battery.true_power(time), 1),
                "soc": round(battery.soc, 2),
                "online": battery.online,
                "commanded": battery.commanded,
            }
            for name, battery in plant.batteries.items()
        },
    }
