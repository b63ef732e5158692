"""Containers in each state, made when a call first names one of them.

In the paths and bodies of a table, RUNNING, CREATED, EXITED, PAUSED stand for the id of such a
container, EXEC for that of an exec that has run, NAME_OF_… for a container's name.
"""

import json
import re
import secrets
from typing import Any
from urllib.parse import quote

from tests.calls import Answer, ask

_WORD = re.compile(r"(NAME_OF_)?(RUNNING|CREATED|EXITED|PAUSED|EXEC)")
# Of each state: what is run, and what is called after the container is made.
_STATES = {
    "RUNNING": ("sleep 1000", ["/start"]),
    "CREATED": ("true", []),
    "EXITED": ("echo hello; exit 3", ["/start", "/wait"]),
    "PAUSED": ("sleep 1000", ["/start", "/pause"]),
}


class Stage:
    def __init__(self, host: str) -> None:
        """`host` is unix://PATH of the engine."""
        self._socket = host.removeprefix("unix://")
        self._prefix = f"seacan-test-{secrets.token_hex(4)}-"
        self._ids: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call with the words in path and body filled in."""
        if isinstance(body, dict):
            body = json.loads(self._fill(json.dumps(body)))
        return ask(self._socket, method, quote(self._fill(path), safe="/?&=%:"), body, headers)

    def blank(self, text: str) -> str:
        """Return `text` with words for ids and names, as a table has it."""
        for word, found in self._ids.items():
            text = text.replace(found, word).replace(self._name(word), f"NAME_OF_{word}")
        return text

    def close(self) -> None:
        for word in _STATES.keys() & self._ids.keys():
            self.ask("DELETE", f"/containers/{word}?force=1&v=1")

    def _fill(self, text: str) -> str:
        return _WORD.sub(lambda found: self._named(found[2], is_name=bool(found[1])), text)

    def _named(self, word: str, *, is_name: bool) -> str:
        if word not in self._ids:
            self._ids[word] = self._make_exec() if word == "EXEC" else self._make(word)
        return self._name(word) if is_name else self._ids[word]

    def _name(self, word: str) -> str:
        return f"{self._prefix}{word.lower()}"

    def _make(self, word: str) -> str:
        script, calls = _STATES[word]
        body = {
            "Image": "busybox",
            "Cmd": ["sh", "-c", script],
            "HostConfig": {"NetworkMode": "none"},
        }
        container = str(self._ok(f"/containers/create?name={self._name(word)}", body).json["Id"])
        for call in calls:
            self._ok(f"/containers/{container}{call}")
        return container

    def _make_exec(self) -> str:
        body = {"Cmd": ["true"], "AttachStdout": True}  # so that its start is answered at its end
        exec_id = str(self._ok("/containers/RUNNING/exec", body).json["Id"])
        self._ok(f"/exec/{exec_id}/start", {})
        return exec_id

    def _ok(self, path: str, body: Any = None) -> Answer:
        answer = self.ask("POST", path, body)
        assert answer.status < 400, (path, answer)
        return answer
