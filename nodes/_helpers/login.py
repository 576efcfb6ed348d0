"""Logins of web servers: by a header, or proved by a digest.

Source: RFC 7617 (Basic), RFC 7616 (Digest; aiohttp answers its challenge).
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

from flowctl import Secret

Way = Literal["basic", "digest"]
Login = tuple[str, Secret]


def basic(login: Login) -> Mapping[str, Secret]:
    """Return the header that says who asks."""
    user, password = login
    both = f"{user}:{password.reveal()}".encode()
    return {"Authorization": Secret("Basic " + b64encode(both).decode())}
