"""The REST interface of Home Assistant: states of single entities, and services."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flowctl import Secret
from nodes._helpers.fields import read_json, read_number
from nodes._helpers.ha_states import State, check_entity, read_rest
from nodes._helpers.nonsense import excerpt
from nodes._helpers.refused import RefusedError

PORT = 8123
PATIENCE = 5.0  # s for an answer; ESPHome devices take up to a second
ASLEEP = "is it running, in this network, and its address right?"
TOKEN = "make a long-lived access token: your profile in Home Assistant, Security"


def base_of(host: str) -> str:
    """Scheme, host and port: `homeassistant.local` is `http://homeassistant.local:8123`.

    Raises:
        ValueError: it is not an address of a host.
    """
    parts = urlsplit(host if "://" in host else f"http://{host}")
    try:
        port = parts.port or (PORT if parts.scheme == "http" else 443)
    except ValueError:
        port = 0
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or " " in parts.netloc
        or not port
    ):
        raise ValueError(f"'{host}' is not an address; write e.g. homeassistant.local:8123")
    return f"{parts.scheme}://{parts.hostname}:{port}"


class Rest:
    """Asks one Home Assistant."""

    def __init__(self, session: Any, base: str, token: Secret) -> None:
        self._session, self.base, self._token = session, base, token

    async def state(self, entity: str) -> State | None:
        """Return the state of an entity; nothing if there is no such entity.

        Raises:
            OSError: no answer, or a refusal.
        """
        status, body = await self._ask("get", f"/api/states/{check_entity(entity)}")
        if status == 404:
            return None
        self._check(status, body, f"the state of {entity}")
        return read_rest(entity, _object(body))

    async def reported(self, entity: str) -> float:
        """Return when an entity was told its state last, changed or not; 0 where that is not told.

        The state of `GET /api/states` is kept as text and shows an old `last_reported` (2025.4);
        templates are for users with administrator rights only.

        Raises:
            OSError: no answer.
        """
        text = f"{{{{ states.{check_entity(entity)}.last_reported.timestamp() }}}}"
        status, body = await self._ask("post", "/api/template", {"template": text})
        try:
            return read_number(body) if status == 200 else 0.0
        except ValueError:
            return 0.0

    async def call(self, service: str, entity: str, data: Mapping[str, Any]) -> None:
        """Call a service for an entity.

        Raises:
            OSError: no answer, or a refusal.
        """
        path = f"/api/services/{service.replace('.', '/')}"
        status, body = await self._ask("post", path, {"entity_id": entity, **data})
        self._check(status, body, f"{service} of {entity}")

    async def _ask(self, method: str, path: str, data: Any = None) -> tuple[int, str]:
        from aiohttp import ClientError, ClientTimeout

        told = {"Authorization": f"Bearer {self._token.reveal()}"}
        limit = ClientTimeout(total=PATIENCE)
        try:
            async with self._session.request(
                method, self.base + path, json=data, headers=told, timeout=limit
            ) as reply:
                return reply.status, (await reply.read()).decode("utf-8", "replace")
        except TimeoutError:
            raise TimeoutError(
                f"Home Assistant at {self.base} gave no answer in {PATIENCE:g}s"
            ) from None
        except ClientError as error:
            raise OSError(silence(self.base, error)) from None

    def _check(self, status: int, body: str, what: str) -> None:
        if status == 401:
            raise RefusedError(f"Home Assistant at {self.base} refuses the token; {TOKEN}")
        if status != 200:
            raise RefusedError(f"Home Assistant refuses {what}: {status} {excerpt(body)}")


def silence(base: str, error: Exception) -> str:
    """Say that there is no answer, why, and what to look at."""
    inner = getattr(error, "os_error", None)
    why = getattr(inner, "strerror", None) or str(error) or type(error).__name__
    return f"Home Assistant at {base} does not answer: {why}; {ASLEEP}"


def _object(body: str) -> Any:
    try:
        return read_json(body)
    except ValueError:
        return None
