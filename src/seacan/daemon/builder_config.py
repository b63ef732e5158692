"""The key `builder` of daemon.json: what the cache of builds is held to.

    {"gc": {"enabled": true, "defaultKeepStorage": "20GB", "policy": [
        {"filter": ["unused-for=48h"], "keepStorage": "5GB", "all": true}]}}

Source: moby, daemon/config/builder.go; Docker's manual, "Build garbage collection".
"""

from collections.abc import Sequence
from typing import Any

from seacan.byte_sizes import size_bytes
from seacan.engine.builds import cache as build_cache
from seacan.engine.builds.cache_rules import NO_SPACE, Limits, Rule, Space, default_rules
from seacan.errors import InvalidArgument


def rules_of(builder: object) -> Sequence[Rule]:
    """Return the rules that the key gives; none if they are switched off.

    Raises InvalidArgument for what is no value for it, or is not supported.
    """
    said = _Object(builder or {}, "builder")
    gc = _Object(said.take("gc", dict, {}), "builder.gc")
    said.end()
    is_on = gc.take("enabled", bool, True)
    defaults = gc.limits("default")
    policy = gc.take("policy", list, [])
    gc.end()
    rules = [_rule(each, defaults, f"builder.gc.policy[{n}]") for n, each in enumerate(policy)]
    if not is_on:
        return ()
    return rules or default_rules(defaults)


def _rule(said: object, defaults: Limits, place: str) -> Rule:
    rule = _Object(said, place)
    limits = rule.limits("") or defaults
    filters = _filters(rule.take("filter", (list, dict), []), place)
    if age := rule.take("keepduration", str, ""):
        filters["unused-for"] = [age]
    is_all = rule.take("all", bool, False)
    rule.end()
    try:
        build_cache.check_filters(filters)
    except InvalidArgument as err:
        raise InvalidArgument(f"{place}: {err}") from err
    return Rule(filters, is_all, limits)


def _filters(said: Any, place: str) -> dict[str, list[str]]:
    """Return the filters of `["NAME=VALUE"]`, or of `{"NAME": {"VALUE": true}}` as the API has."""
    found: dict[str, list[str]] = {}
    pairs = (
        [(name, value) for name, values in said.items() for value in values]
        if isinstance(said, dict)
        else [str(text).split("=", 1) for text in said]
    )
    for pair in pairs:
        if len(pair) != 2:
            raise InvalidArgument(f"{place}: filter {pair[0]}: NAME=VALUE is wanted")
        found.setdefault(pair[0].strip().lower(), []).append(pair[1].strip())
    return found


class _Object:
    """A JSON object, of which each key is taken once; their case does not matter, as to Go."""

    def __init__(self, said: object, place: str) -> None:
        if not isinstance(said, dict):
            raise InvalidArgument(f"{place}: not an object")
        self._left = {str(key).lower(): value for key, value in said.items()}
        self._place = place

    def take(self, key: str, kind: Any, default: Any) -> Any:
        value = self._left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise InvalidArgument(f"{self._place}.{key}: not a value for it: {value!r}")
        return value

    def limits(self, beginning: str) -> Limits:
        """Return what is said by keys of this beginning; keepStorage is an old name."""
        old = self._space(f"{beginning}keepstorage")
        return Limits(
            reserved=self._space(f"{beginning}reservedspace") or old,
            most_used=self._space(f"{beginning}maxusedspace"),
            least_free=self._space(f"{beginning}minfreespace"),
        )

    def _space(self, key: str) -> Space:
        text = self.take(key, str, "")
        if not text:
            return NO_SPACE
        percent = text.removesuffix("%")
        if percent != text and percent.isascii() and percent.isdecimal() and int(percent) <= 100:
            return Space(percent=int(percent))
        try:
            return Space(bytes=size_bytes(text, thousand=1024))
        except InvalidArgument as err:
            raise InvalidArgument(f"{self._place}.{key}: {err}") from err

    def end(self) -> None:
        """Raise InvalidArgument for a key that was not taken."""
        if self._left:
            keys = ", ".join(f"{self._place}.{key}" for key in sorted(self._left))
            raise InvalidArgument(f"{keys} is not supported by seacand")
