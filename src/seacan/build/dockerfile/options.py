"""The options of an instruction: --chown=user, --link."""

from collections.abc import Sequence
from typing import Final

from seacan.build.dockerfile.errors import Misplaced, suggestion

_TRUTHS: Final = {"": True, "true": True, "false": False}


class Options:
    """The options that were given, checked against those that there are."""

    def __init__(
        self,
        given: Sequence[str],
        *,
        texts: Sequence[str] = (),
        flags: Sequence[str] = (),
        lists: Sequence[str] = (),
    ) -> None:
        """Read options such as `--name=value`. Raises Misplaced."""
        self._texts: dict[str, str] = {}
        self._flags: dict[str, bool] = {}
        self._lists: dict[str, list[str]] = {}
        for option in given:
            name, equals, value = option[2:].partition("=")
            if name in self._texts or name in self._flags:
                raise Misplaced(f"duplicate flag specified: --{name}", option)
            if name in flags:
                self._flags[name] = _truth(name, equals, value)
                continue
            if name not in texts and name not in lists:
                meant = suggestion(name, [*texts, *flags, *lists])
                raise Misplaced(f"unknown flag: --{name}{meant}", f"--{name}")
            if not equals:
                raise Misplaced(f"missing a value on flag: --{name}", option)
            if name in texts:
                self._texts[name] = value
            else:
                self._lists.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        return self._texts.get(name, "")

    def is_set(self, name: str) -> bool | None:
        """Return what the flag says; None if it was not given."""
        return self._flags.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._lists.get(name, ()))


def _truth(name: str, equals: str, value: str) -> bool:
    if equals and not value:
        raise Misplaced(f"missing a value on flag: --{name}", f"--{name}")
    truth = _TRUTHS.get(value.lower())
    if truth is None:
        raise Misplaced(
            f"expecting boolean value for flag --{name}, not: {value}", f"--{name}={value}"
        )
    return truth
