"""A real Home Assistant: its own environment in a cache folder, started, onboarded, asked."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.brokers import free_port

VERSION, PYTHON = "2025.4.4", "3.13"  # the newest that runs on the first 3.13
PINNED = Path(__file__).with_name("home-assistant.txt")
WANTED = ["-c", str(PINNED), "homeassistant", "paho-mqtt"]  # without the second it gets that itself
TO_INSTALL, TO_START, TO_STOP = 900.0, 120.0, 3.0  # s
CONFIGURATION = """
homeassistant:
  name: Test
  latitude: 50.0
  longitude: 8.0
  elevation: 100
  unit_system: metric
  currency: EUR
  country: DE
  time_zone: Europe/Berlin
http: {{server_host: 127.0.0.1, server_port: {port}}}
api:
websocket_api:
config:
onboarding:
logger: {{default: warning}}
input_number:
  charge: {{min: 0, max: 2500, initial: 0}}
  discharge: {{min: 0, max: 2500, initial: 0}}
input_select:
  mode: {{options: [stop, charge, discharge], initial: stop}}
  control: {{options: [enable, disable], initial: enable}}
"""


def environment() -> Path:
    """Return the folder with Home Assistant's own Python packages; made once, then kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "flowctl-tests" / f"home-assistant-{VERSION}"
    if (folder / "ready").exists():
        return folder
    python = _find_python()
    if python is None:
        pytest.skip(f"Home Assistant {VERSION} wants Python {PYTHON}, which is not here")
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--no-input"]
    _run(python, "-m", "venv", "--clear", str(folder))
    _run(*pip, *WANTED)
    (folder / "ready").touch()
    return folder


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=TO_INSTALL)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        pytest.skip(f"Home Assistant {VERSION} cannot be installed here: {said}")
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"Home Assistant {VERSION} cannot be installed here: {error}")


def _find_python() -> str | None:
    named = [shutil.which(f"python{PYTHON}")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named += map(str, sorted(pyenv.glob(f"versions/{PYTHON}.*/bin/python")))
    for python in filter(None, named):
        code = (
            f"import sys; sys.exit(sys.version_info[:2] != tuple(map(int, '{PYTHON}'.split('.'))))"
        )
        if subprocess.run([python, "-c", code], capture_output=True).returncode == 0:
            return python
    return None


class Hass:
    """A running Home Assistant, and somebody who asks it."""

    def __init__(self, port: int, log: Path) -> None:
        self.base, self.log, self.token = f"http://127.0.0.1:{port}", log, ""

    async def ask(self, method: str, path: str, data: Any = None, form: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        limit = aiohttp.ClientTimeout(total=30)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.request(
                method, self.base + path, json=data, data=form, headers=headers
            ) as reply,
        ):
            if reply.status == 404:
                return None
            assert reply.status in (200, 201), (path, reply.status, await reply.text())
            return await reply.json()

    async def onboard(self, broker: int) -> None:
        """Make the first user, log in, and connect the broker."""
        me = f"{self.base}/"
        user = {"client_id": me, "name": "Test", "username": "test", "password": "test-test"}
        made = await self.ask("post", "/api/onboarding/users", {**user, "language": "en"})
        grant = {"grant_type": "authorization_code", "code": made["auth_code"], "client_id": me}
        self.token = (await self.ask("post", "/auth/token", form=grant))["access_token"]
        flows = "/api/config/config_entries/flow"
        begun = await self.ask("post", flows, {"handler": "mqtt"})
        at = {"broker": "127.0.0.1", "port": broker}
        done = await self.ask("post", f"{flows}/{begun['flow_id']}", at)
        assert done["type"] == "create_entry", done

    async def state(self, entity: str) -> Any:
        return await self.ask("get", f"/api/states/{entity}")

    async def put(self, entity: str, state: str, **attributes: Any) -> None:
        await self.ask("post", f"/api/states/{entity}", {"state": state, "attributes": attributes})

    async def call(self, service: str, entity: str, **data: Any) -> None:
        path = f"/api/services/{service.replace('.', '/')}"
        await self.ask("post", path, {"entity_id": entity, **data})

    async def sets(self, service: str, entity: str, state: str, **data: Any) -> Any:
        """Call a service until it has effect: the flow may not hear yet as it is connected."""
        async with asyncio.timeout(30):
            while await self.state(entity) is None:  # noqa: ASYNC110 - nothing signals it
                await asyncio.sleep(0.1)
        for _ in range(10):
            await self.call(service, entity, **data)
            with suppress(AssertionError):
                return await self.shows(entity, state, patience=2.0)
        raise AssertionError(f"{service} of {entity} has no effect")

    async def tells(self, entity: str, attributes: dict[str, Any]) -> None:
        """Wait until an entity has some attributes."""
        for _ in range(100):
            found = ((await self.state(entity)) or {}).get("attributes", {})
            if found.items() >= attributes.items():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{entity} should tell {attributes}: {found}")

    async def shows(self, entity: str, state: str, patience: float = 30.0) -> Any:
        """Wait until an entity has a state."""
        found: Any = None
        try:
            async with asyncio.timeout(patience):
                while True:
                    found = await self.state(entity)
                    if found and found["state"] == state:
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{entity} should be {state}: {found}") from None


@contextmanager
def home_assistant(folder: Path, broker: int) -> Iterator[Hass]:
    """Run one on a free port, connected to a broker."""
    environment_, port = environment(), free_port()
    (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    log = folder / "output.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(environment_ / "bin" / "hass"), "-c", str(folder)], stdout=out, stderr=out
        )
        try:
            hass = Hass(port, log)
            asyncio.run(_started(hass, process))
            asyncio.run(hass.onboard(broker))
            yield hass
        finally:
            process.terminate()
            try:
                process.wait(TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _started(hass: Hass, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + TO_START
    while time.monotonic() < end:
        assert process.poll() is None, f"Home Assistant ended: {hass.log.read_text()[-2000:]}"
        try:
            if await hass.ask("get", "/api/onboarding") is not None:
                return
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(0.2)
    raise AssertionError(f"Home Assistant did not start: {hass.log.read_text()[-2000:]}")
