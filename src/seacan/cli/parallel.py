"""The same request for many objects at once: stopping ten containers takes as long as one."""

from __future__ import annotations

from seacan.errors import SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AT_ONCE = 50


def outcomes(
    names: Sequence[str], act: Callable[[str], None]
) -> Iterator[tuple[str, SeacanError | None]]:
    """Yield each name with the error of `act(name)`, in the order given, as soon as it is known."""
    if len(names) == 1:
        yield names[0], _outcome(act, names[0])
        return
    import threading

    places = threading.Semaphore(AT_ONCE)
    found: dict[int, SeacanError | None] = {}

    def work(at: int) -> None:
        with places:
            found[at] = _outcome(act, names[at])

    threads = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(len(names))]
    for thread in threads:
        thread.start()
    for at, (name, thread) in enumerate(zip(names, threads, strict=True)):
        thread.join()
        yield name, found[at]


def _outcome(act: Callable[[str], None], name: str) -> SeacanError | None:
    try:
        act(name)
    except SeacanError as err:
        return err
    return None
