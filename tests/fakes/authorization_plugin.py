"""A legacy authorization plugin (v1), to be served as volume_plugin.py does."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Answer = dict[str, Any]
Refuses = Callable[[str, Answer], str]


def _nothing(method: str, body: Answer) -> str:
    return ""


@dataclass
class AuthorizationPlugin:
    """`refuses` returns why not, empty if that is all right; `says` is answered in its place.

    `asked` is what it was asked: AuthZReq or AuthZRes, and the body of that.
    """

    implements: tuple[str, ...] = ("authz",)
    refuses: Refuses = _nothing
    says: Answer | None = None
    asked: list[tuple[str, Answer]] = field(default_factory=list)

    def answer(self, method: str, body: Answer) -> Answer:
        if method == "Plugin.Activate":
            return {"Implements": list(self.implements)}
        kind = method.removeprefix("AuthZPlugin.")
        self.asked.append((kind, body))
        if self.says is not None:
            return self.says
        message = self.refuses(kind, body)
        return {"Allow": not message, "Msg": message}

    def reset(self) -> None:
        self.refuses, self.says = _nothing, None
        self.asked.clear()

    def of(self, kind: str, path: str) -> Answer:
        """Return the only question of that kind about a target that has `path` in it."""
        (found,) = (b for k, b in self.asked if k == kind and path in b["RequestUri"])
        return found


def shown(body: Answer, field: str) -> Any:
    """Return the JSON of a body that the plugin was shown; None if it was shown none."""
    return json.loads(base64.b64decode(body[field])) if field in body else None
