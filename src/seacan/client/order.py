"""Names in the order that people expect: web-9 before web-10."""

from __future__ import annotations

from itertools import groupby


def natural_key(name: str) -> list[tuple[int, int, str, int]]:
    """Return what sorts names by their numbers: digits before letters, fewer zeros first.

    Source: what Docker's lists are sorted by, github.com/fvbommel/sortorder.
    """
    key = []
    for is_number, letters in groupby(name, "0123456789".__contains__):
        if is_number:
            digits = "".join(letters)
            number = digits.lstrip("0")
            key.append((0, len(number), number, len(digits) - len(number)))
        else:
            key += [(1, ord(letter), "", 0) for letter in letters]
    return key
