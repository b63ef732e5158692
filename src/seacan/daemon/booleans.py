"""Flags that are on or off, as dockerd reads them. Source: Go, strconv.ParseBool."""

import argparse
from typing import Final

_TRUE: Final = ("true", "1", "t", "T", "TRUE", "True")
_FALSE: Final = ("false", "0", "f", "F", "FALSE", "False")


def boolean(text: str) -> bool:
    """Return what a flag of dockerd that is on or off is set to."""
    if text not in (*_TRUE, *_FALSE):
        raise argparse.ArgumentTypeError(f"not true or false: {text!r}")
    return text in _TRUE
