"""The lowest rate of a peer: who sends a byte now and then would be waited for for ever."""


class Pace:
    """Adds up, by turns of `turn_s`, what came while it was waited for."""

    def __init__(self, lowest_bytes: int, turn_s: float) -> None:
        self._lowest_bytes = lowest_bytes
        self._turn_s = turn_s
        self._came_bytes = 0
        self._waited_s = 0.0

    def keeps_up(self, size_bytes: int, waited_s: float) -> bool:
        """Take note of bytes that were waited for; return False if a turn had too few.

        A time in which nobody waited for the peer says nothing about it, and is not to be told.
        """
        self._came_bytes += size_bytes
        self._waited_s += waited_s
        if self._waited_s < self._turn_s:
            return True
        is_enough = self._came_bytes >= self._lowest_bytes
        self._came_bytes, self._waited_s = 0, 0.0
        return is_enough
