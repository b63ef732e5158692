"""Identifiers and names: 64 hexadecimal digits for objects, two words for containers."""

import os
import random
import re
from typing import Final, NewType

ContainerId = NewType("ContainerId", str)
ExecId = NewType("ExecId", str)

# Docker's rule: client tools match it.
NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")

_ADJECTIVES: Final = (
    "agile amber ample apt arctic awake balmy bold brave breezy bright brisk calm candid "
    "careful cheery civil clear clever coastal cosy crisp curious daring deft eager earnest "
    "easy elated fair famous fearless festive firm fond frank fresh gentle glad golden grand "
    "handy happy hardy hearty honest humble jolly keen kind lively loyal lucid lucky mellow "
    "merry mild modest neat nimble noble patient placid plucky polite proud quick quiet ready "
    "robust rosy serene sharp silent sleek smart snug solid spry stable steady stoic sturdy "
    "sunny swift tender tidy tranquil upbeat valiant vivid warm wise witty zealous zesty "
).split()
_SEAFARERS: Final = (
    "amundsen anson baffin baret barents bellingshausen bering bligh bougainville brendan cabot "
    "cartier chirikov columbus cook dampier davis diaz drake earhart elcano erikson fitzroy "
    "flinders franklin frobisher gama gerlache hanno harrison hawkins heyerdahl hudson jansz "
    "joyon kotzebue krusenstern laperouse lemaire macarthur magellan malaspina maury mercator "
    "moitessier nansen nares nordenskjold parry piailug pinzon pytheas quiros raleigh ross "
    "schouten scoresby shackleton slocum tabarly tasman torres tupaia vancouver verrazzano "
    "vespucci villiers weddell wilkes zhenghe "
).split()


def new_id() -> str:
    """Return 64 random hexadecimal digits whose first 12 are not all decimal.

    An id of digits alone, cut to 12, could be taken for a number (a host name, a port).
    """
    while True:
        digits = os.urandom(32).hex()
        if not digits[:12].isdecimal():
            return digits


def short(object_id: str) -> str:
    """Return the first 12 digits of an id, without its `sha256:`."""
    return object_id.removeprefix("sha256:")[:12]


def random_name(attempt: int = 0) -> str:
    """Return a name of two words; with a digit after some failed attempts, so that one is free."""
    suffix = str(random.randrange(10)) if attempt > 3 else ""
    return f"{random.choice(_ADJECTIVES)}_{random.choice(_SEAFARERS)}{suffix}"
