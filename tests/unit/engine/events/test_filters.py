import pytest

from seacan.engine.events.filters import Filters, event_filter
from seacan.engine.events.log import Event

ID = "a1b2" + "0" * 60
STOP = Event("container", "stop", ID, {"image": "busybox:1.36", "name": "web", "tier": "db"}, 1)
EXEC = Event("container", "exec_create: sh -c true", ID, {"image": "busybox", "name": "web"}, 2)
TAG = Event("image", "tag", "sha256:" + "c" * 64, {"name": "quay.io/a/b:1"}, 3)
CONNECT = Event("network", "connect", "d" * 64, {"name": "none", "container": ID}, 4)
PRUNE = Event("image", "prune", "", {"reclaimed": "0"}, 5)


@pytest.mark.parametrize(
    ("wanted", "fits", "fits_not"),
    [
        ({}, [STOP, EXEC, TAG, CONNECT, PRUNE], []),
        ({"type": ["container"]}, [STOP, EXEC], [TAG, CONNECT]),
        ({"type": ["container", "image"]}, [STOP, TAG], [CONNECT]),
        ({"type": []}, [STOP, TAG], []),
        ({"type": ["cont"]}, [], [STOP]),
        ({"event": ["stop"]}, [STOP], [EXEC, TAG]),
        ({"event": ["exec_create"]}, [EXEC], [STOP]),
        ({"event": ["exec_create: sh"]}, [], [EXEC]),
        ({"event": ["exec_create: sh -c true"]}, [EXEC], [STOP]),
        ({"event": ["st", "exec_create"]}, [STOP, EXEC], [TAG]),
        ({"container": ["web"]}, [STOP, EXEC], [TAG, CONNECT]),
        ({"container": ["we"]}, [STOP], [TAG]),
        ({"container": ["a1"]}, [STOP, EXEC], [TAG, CONNECT]),
        ({"network": ["none"]}, [CONNECT], [STOP]),
        ({"daemon": ["web"]}, [STOP], [TAG]),
        ({"image": ["busybox"]}, [STOP, EXEC], [TAG]),
        ({"image": ["busybox:1.36"]}, [STOP], [EXEC]),
        ({"image": ["quay.io/a/b"]}, [TAG], [STOP]),
        ({"image": ["sha256:" + "c" * 64]}, [TAG], [STOP]),
        ({"image": ["busy"]}, [], [STOP, EXEC]),
        ({"label": ["tier"]}, [STOP], [EXEC]),
        ({"label": ["tier=db", "name"]}, [STOP], [EXEC]),
        ({"label": ["tier=web"]}, [], [STOP]),
        ({"scope": ["local"]}, [STOP, TAG], []),
        ({"scope": ["swarm"]}, [], [STOP, TAG]),
        ({"type": ["container"], "event": ["stop"]}, [STOP], [EXEC, TAG]),
        ({"nosuch": ["x"]}, [STOP, TAG], []),
    ],
)
def test_which_events_pass(wanted: Filters, fits: list[Event], fits_not: list[Event]) -> None:
    is_wanted = event_filter(wanted)
    assert [event for event in (*fits, *fits_not) if is_wanted(event)] == fits
