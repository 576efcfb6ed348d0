"""A real yaml-language-server, spoken to as an editor does: LSP over its standard streams."""

import json
import os
import select
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 60.0  # s, for a busy machine
CURSOR = "|"
QUIET = {"schemaStore": {"enable": False}, "telemetry": {"enabled": False}}  # nothing is fetched
BESIDE = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def find_server() -> str | None:
    return shutil.which("yaml-language-server", path=BESIDE)


class Offer(NamedTuple):
    """What is offered at the cursor: what would be typed, and what is told about it."""

    text: str
    about: str


class Editor:
    """An editor with a folder open; each text becomes a file of its own under it."""

    def __init__(self, folder: Path, under: str, **settings: Any) -> None:
        self._folder, self._under = folder, under
        self._settings = {"yaml": QUIET | settings}
        self._numbers, self._left = count(1), b""
        self._told: dict[str, list[str]] = {}
        self._configured = False
        self._process = subprocess.Popen(
            [find_server() or "", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        able = {"workspace": {"configuration": True, "workspaceFolders": True}}
        place = {"uri": folder.as_uri(), "name": folder.name}
        root = {"rootUri": folder.as_uri(), "workspaceFolders": [place]}
        self._ask("initialize", processId=os.getpid(), capabilities=able, **root)
        self._tell("initialized")
        while not self._configured:
            self._hear()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def offers(self, text: str) -> dict[str, Offer]:
        """What could stand at the cursor, by its label."""
        said = self._ask("textDocument/completion", **self._place(text))
        return {item["label"]: _offer(item) for item in said["items"]}

    def hover(self, text: str) -> str:
        """What is told about the word at the cursor."""
        said = self._ask("textDocument/hover", **self._place(text))
        return str(said["contents"]["value"]) if said else ""

    def faults(self, *texts: str, under: str = "") -> list[list[str]]:
        """What is marked in each text, as `line: message`; asked for at once, since each waits."""
        files = [self._open(text, under) for text in texts]
        while not set(files) <= set(self._told):
            self._hear()
        return [self._told[file] for file in files]

    def _place(self, text: str) -> dict[str, Any]:
        before, _, after = text.partition(CURSOR)
        file = self._open(before + after)
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        return {"textDocument": {"uri": file}, "position": {"line": line, "character": column}}

    def _open(self, text: str, under: str = "") -> str:
        uri = (self._folder / (under or self._under) / f"{next(self._numbers)}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        return uri

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._send(id=number, method=method, params=params)
        while True:
            said = self._hear()
            if said.get("id") == number and "method" not in said:
                assert "error" not in said, said
                return said["result"]

    def _tell(self, method: str, **params: Any) -> None:
        self._send(method=method, params=params)

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        """Take one message, and answer what the server itself asks for."""
        said = self._message()
        params, method = said.get("params"), said.get("method")
        if method == "textDocument/publishDiagnostics":
            self._told[params["uri"]] = [_fault(item) for item in params["diagnostics"]]
        elif method == "workspace/configuration":
            parts = [self._settings.get(item["section"], {}) for item in params["items"]]
            self._send(id=said["id"], result=parts)
            self._configured = True
        elif method and "id" in said:
            self._send(id=said["id"], result=None)
        return said

    def _message(self) -> dict[str, Any]:
        while b"\r\n\r\n" not in self._left:
            self._read()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        size = int(head.split(b"Content-Length:")[1].split()[0])
        while len(self._left) < size:
            self._read()
        body, self._left = self._left[:size], self._left[size:]
        return dict(json.loads(body))

    def _read(self) -> None:
        out = self._process.stdout
        assert out
        if not select.select([out], [], [], PATIENCE)[0]:
            raise TimeoutError("yaml-language-server is silent")
        got = os.read(out.fileno(), 1 << 16)
        assert got, "yaml-language-server has ended"
        self._left += got


def _offer(item: dict[str, Any]) -> Offer:
    about = item.get("documentation") or ""
    text = item.get("textEdit", {}).get("newText") or item["insertText"]
    return Offer(text, about["value"] if isinstance(about, dict) else about)


def _fault(item: dict[str, Any]) -> str:
    return f"{item['range']['start']['line'] + 1}: {item['message']}"
