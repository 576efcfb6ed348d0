"""Frames of Shelly's RPC, over a WebSocket or MQTT: questions, answers, and what is told unasked.

Source: shelly-api-docs.shelly.cloud, Gen2: RPC Protocol (`id`, `src`, `method`; `result` or
`error`), Notifications (`NotifyStatus` tells only what changed, `NotifyFullStatus` all),
Authentication (error 401 whose message holds the challenge; SHA-256 of user, realm and password).
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex
from typing import Any, Literal

from flowctl import Secret
from nodes._helpers.fields import pick, read_json

USER, FIRST = "admin", 1
STATUS = "Shelly.GetStatus"
Scope = Literal["all", "parts", "changes"]
"""What a status is of: all components, some of them whole, or what changed in some."""
NEWS: Mapping[str, Scope] = {"NotifyStatus": "changes", "NotifyFullStatus": "all"}
Status = Mapping[str, Any]


def question(src: str, auth: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Ask for the whole status; whoever asked is told what changes from then on."""
    asked = {"id": FIRST, "src": src, "method": STATUS}
    return asked | {"auth": auth} if auth else asked


def told(said: Any) -> tuple[Status, Scope]:
    """Return what a frame tells of the status, and whether that is all of it.

    Raises:
        ValueError: it is no frame, or a refusal.
    """
    if not isinstance(said, Mapping):
        raise ValueError("not a frame of Shelly's RPC")
    if "error" in said:
        raise ValueError(f"it refuses: {said['error']}")
    if "result" in said:
        return _status(said["result"]), "all"
    scope = NEWS.get(str(said.get("method")))
    return (_status(said.get("params")), scope) if scope else ({}, "changes")


def merged(status: Status, news: Status, scope: Scope) -> Status:
    """Lay news over what was known; a change of what is not known tells too little."""
    if scope == "all":
        return news
    if scope == "parts":
        return {**status, **news}
    known = {name: _over(status[name], part) for name, part in news.items() if name in status}
    return {**status, **known}


def login(said: Any, password: Secret) -> Mapping[str, Any] | None:
    """Answer the challenge of a refusal; nothing if it is another one.

    Raises:
        ValueError: the challenge is none.
    """
    error = said.get("error") if isinstance(said, Mapping) else None
    if not isinstance(error, Mapping) or error.get("code") != 401:
        return None
    wanted = read_json(str(error.get("message")))
    realm, nonce, count = (pick(wanted, name) for name in ("realm", "nonce", "nc"))
    mine = _hash(f"{USER}:{realm}:{password.reveal()}")
    own, what = token_hex(8), _hash("dummy_method:dummy_uri")
    response = _hash(f"{mine}:{nonce}:{count}:{own}:auth:{what}")
    given = {"realm": realm, "username": USER, "nonce": nonce, "cnonce": own}
    return given | {"response": response, "algorithm": "SHA-256"}


def is_answer(said: Any) -> bool:
    """Whether a frame answers a question, for good or ill."""
    return isinstance(said, Mapping) and not {"result", "error"}.isdisjoint(said)


def is_refusal(said: Any) -> bool:
    """Whether a frame says that a login is missing or wrong."""
    error = said.get("error") if isinstance(said, Mapping) else None
    return isinstance(error, Mapping) and error.get("code") == 401


def payload(asked: Mapping[str, Any]) -> bytes:
    """Write a frame."""
    return json.dumps(asked).encode()


def _status(said: Any) -> Status:
    if not isinstance(said, Mapping):
        raise ValueError("a status that is not one")
    return said


def _over(known: Any, news: Any) -> Any:
    both = isinstance(known, Mapping) and isinstance(news, Mapping)
    return {**known, **news} if both else news


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
