"""A first word that is no command: an alias of config.json, a plugin, or a slip of the finger."""

from __future__ import annotations

from seacan.cli import plugins
from seacan.errors import InvalidArgument, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from seacan.cli.session import Session


# Docker's own that need what seacan does not have, and why.
_REFUSED = dict.fromkeys(
    ("swarm", "node", "service", "stack", "secret", "config"), "there are no swarms"
) | {
    "checkpoint": "the daemon has no checkpoints; seacan-runtime makes them of its own containers",
    "plugin": "plugins of the daemon are not managed",
    "trust": "signatures of images are not supported",
}


def refuse(word: str) -> None:
    """Raise Unsupported if `word` is a command of Docker's that seacan does not have."""
    if why := _REFUSED.get(word):
        raise Unsupported(f"seacan {word} is not supported: {why}")


def alias(session: Session, words: list[str]) -> list[str]:
    """Return `words` with what config.json's `aliases` has for the first, or [].

    Raises InvalidArgument if that is no text.
    """
    text = (session.config.get("aliases") or {}).get(words[0])
    if text is None:
        return []
    if not isinstance(text, str) or not text.strip():
        raise InvalidArgument(f"the alias {words[0]} in {session.config_path} is no command")
    import shlex

    try:
        return [*shlex.split(text), *words[1:]]
    except ValueError as err:
        raise InvalidArgument(f"the alias {words[0]} in {session.config_path}: {err}") from None


def run_plugin(session: Session, words: list[str]) -> None:
    """Become the plugin that the first word names; return if there is none."""
    path = plugins.find(session, words[0])
    if path:
        plugins.become(session, path, words[0], words[1:])


def likely(word: str, known: Iterable[str]) -> str:
    """Return which of the `known` is meant by a `word` with a slip in it, "" for none."""
    from difflib import get_close_matches

    names = sorted(known)
    # Letters that changed places are the likeliest slip.
    near = [name for name in names if sorted(name) == sorted(word)]
    near = near or get_close_matches(word, names, n=1, cutoff=0.6)
    return near[0] if near else ""
