"""Where an MQTT broker is and how to log in: `mqtt://user:password@host:1883?version=5`."""

from dataclasses import dataclass
from typing import Annotated, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from flowctl import Secret

PORTS = {"mqtt": 1883, "mqtts": 8883}  # IANA: mqtt, secure-mqtt
VERSIONS = ("3.1.1", "5")
STATUS = "flowctl/status"
EXAMPLE = "write e.g. mqtt://192.168.1.10, or mqtts://user:password@broker.lan:8883"


@dataclass(frozen=True, slots=True)
class Address:
    """One broker and one login: steps whose addresses are equal share a connection."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: Secret | None = None
    ca: str = ""
    """File of the authority that signed the broker's certificate; empty: those of the system."""
    version: str = VERSIONS[0]
    status: str = STATUS
    """Retained topic that says `online` or `offline`; empty: none."""
    will: tuple[str, bytes] | None = None
    """What the broker says instead, retained, when we are gone without a goodbye."""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Broker(Secret):
    """The address of a broker as a setting: checked when the flow is, printed without its login."""

    __slots__ = ()

    def __repr__(self) -> str:
        address = read_address(self)
        return f"mqtt{'s' * address.tls}://{address}"

    @classmethod
    def read(cls, value: Any) -> Self:
        """Take an address, or the file that holds one."""
        broker = super().read(value)
        read_address(broker)
        return broker

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": "address of an MQTT broker, e.g. mqtt://host:1883"}


# Settings that all who speak to a broker have.
Where = Annotated[Broker, "address of the broker, e.g. mqtt://192.168.1.10:1883"]
User = Annotated[str, "login, if not in the address"]
Password = Annotated[Secret | None, "password, if not in the address"]
Ca = Annotated[str, "file of the authority behind an mqtts:// broker"]


def read_address(
    broker: Secret | str, *, user: str = "", password: Secret | None = None, ca: str = ""
) -> Address:
    """Read the address of a broker; what is given apart goes before what is in it.

    Raises:
        ValueError: it is none; the message shows neither user nor password.
    """
    text = broker.reveal() if isinstance(broker, Secret) else broker
    try:
        parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        port = parts.port
    except ValueError:
        raise ValueError(f"the address of the MQTT broker cannot be read; {EXAMPLE}") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"the address of the MQTT broker cannot be read; {EXAMPLE}")
    options = _options(parts.query)
    if not password and parts.password:
        password = Secret(unquote(parts.password))
    return Address(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        user=user or unquote(parts.username or ""),
        password=password,
        ca=ca or options.get("ca", ""),
        version=options.get("version", VERSIONS[0]),
        status=options.get("status", STATUS),
    )


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    strange = options.keys() - {"ca", "version", "status"}
    if strange:
        raise ValueError(
            f"an MQTT address has no option {min(strange)}; it has ca, version and status"
        )
    if options.get("version", VERSIONS[0]) not in VERSIONS:
        raise ValueError(f"there is no MQTT version {options['version']} here; write 3.1.1 or 5")
    return options
