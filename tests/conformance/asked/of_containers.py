"""Requests of containers, their files and execs."""

import io
import tarfile
from typing import Final

from tests.conformance.asked.ask import Ask


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"hi"))
    return buffer.getvalue()


_TAR: Final = _archive()


_EXEC_WAIT: Final = "dockerd waits ten seconds for the exec to start, or asks containerd"


EVENTS: Final = [
    Ask("GET", f'/events?since=0&until=0&filters={{"container":["{{{name}}}"]}}')
    for name in ("full", "exited", "checked", "missing")
]

LISTS: Final = [
    Ask("GET", '/containers/json?all=1&filters={"name":["{full}"]}'),
    Ask("GET", '/containers/json?all=1&size=1&filters={"name":["{exited}"]}'),
    Ask("GET", '/containers/json?filters={"name":["{prefix}"],"status":["paused"]}'),
    Ask("GET", '/containers/json?filters={"name":["{checked}"]}'),
    Ask("GET", '/containers/json?filters={"name":["{missing}"]}'),
    Ask("GET", '/containers/json?filters={"nosuch":["x"]}'),
    Ask("GET", '/containers/json?filters={"status":["x"]}'),
    Ask("GET", '/containers/json?filters={"exited":["x"]}'),
    Ask("GET", '/containers/json?filters={"before":["{missing}"]}'),
    Ask("GET", '/containers/json?filters={"since":["{missing}"]}'),
    Ask("GET", '/containers/json?filters={"is-task":["x"]}'),
    Ask("GET", '/containers/json?filters={"health":["x"]}'),
    Ask("GET", "/containers/json?filters=x"),
    Ask("GET", '/containers/json?filters={"nosuch":[null]}'),
    Ask("GET", "/containers/json?limit=%zz"),
    Ask("GET", "/containers/json?all=50%"),
    Ask("GET", '/containers/json?filters={"name":{"{full}":true}}&all=1'),
    Ask("GET", '/containers/json?filters={"name":["^/{full}$"]}&all=1'),
    Ask("GET", '/containers/json?filters={"exited":["3"],"name":["{prefix}"]}&all=1'),
    Ask("GET", '/containers/json?filters={"expose":["80/tcp"],"name":["{prefix}"]}&all=1'),
    Ask("GET", '/containers/json?filters={"publish":["80"]}'),
    Ask("GET", '/containers/json?filters={"network":["none"],"name":["{full}"]}&all=1'),
    Ask("GET", '/containers/json?filters={"label":["one=1"],"name":["{prefix}"]}'),
    *[Ask("GET", f'/containers/json?limit={limit}&filters={{"name":["{{full}}"]}}')
      for limit in ("-1", "0", "1", "1.5", "", "99999999999999999999", "x")],
    *[Ask("GET", f'/containers/json?all={all}&filters={{"name":["{{created}}"]}}')
      for all in ("banana", "0", "no", "none", "")],
    Ask("GET", '/containers/json?limit=x&limit=1&all=0&all=1'),
    *[Ask("GET", f"/containers/{{{name}}}/json") for name in (
        "running", "tty", "paused", "exited", "created", "full", "checked")],
    Ask("GET", "/containers/{exited}/json?size=1"),
    Ask("GET", "/containers/{missing}/json"),
    Ask("GET", "/containers//json", known="paths are taken as they are; dockerd redirects"),
]  # fmt: skip

READ: Final = [
    Ask("GET", "/containers/{running}/top"),
    Ask("GET", "/containers/{running}/top?ps_args=-o pid,comm"),
    Ask("GET", "/containers/{running}/top?ps_args=-o comm"),
    Ask("GET", "/containers/{running}/top?ps_args=--nosuch"),
    Ask("GET", "/containers/{exited}/top"),
    Ask("GET", "/containers/{missing}/top"),
    Ask("GET", "/containers/{running}/stats?stream=0&one-shot=1"),
    Ask("GET", "/containers/{running}/stats?stream=0"),
    Ask("GET", "/containers/{exited}/stats?stream=0"),
    Ask("GET", "/containers/{exited}/stats?stream=0&one-shot=1"),
    Ask("GET", "/containers/{running}/stats?one-shot=1&stream=1", endless=True),
    Ask("GET", "/containers/{missing}/stats?stream=0"),
    Ask("GET", "/containers/{missing}/stats"),
    Ask("GET", "/containers/{exited}/logs?stdout=1&stderr=1"),
    Ask("GET", "/containers/{exited}/logs?stdout=1"),
    Ask("GET", "/containers/{exited}/logs?stdout=1&tail=0"),
    Ask("GET", "/containers/{exited}/logs?stderr=1&tail=x"),
    *[Ask("GET", f"/containers/{{exited}}/logs?stdout=1&stderr=1&tail={tail}")
      for tail in ("", "-1", "1", "all", "1.5", "99999999999999999999")],
    *[Ask("GET", f"/containers/{{exited}}/logs?stdout=1&{word}")
      for word in ("since=0", "since=1.5", "since=99999999999", "until=1.5", "until=-1",
                   "since=2020-01-01", "since=2020-01-01T00:00:00Z", "until=1.1234567890",
                   "follow=banana", "details=1", "details=no")],
    Ask("GET", "/containers/{exited}/logs?stdout=1&since=x"),
    Ask("GET", "/containers/{exited}/logs?stdout=1&until=x"),
    Ask("GET", "/containers/{exited}/logs"),
    Ask("GET", "/containers/{tty}/logs?stdout=1"),
    Ask("GET", "/containers/{missing}/logs?stdout=1"),
    Ask("GET", "/containers/{created}/logs?stdout=1"),
    Ask("GET", "/containers/{exited}/changes"),
    Ask("GET", "/containers/{created}/changes"),
    Ask("GET", "/containers/{missing}/changes"),
    Ask("GET", "/containers/{created}/export"),
    Ask("GET", "/containers/{missing}/export"),
    Ask("POST", "/containers/{exited}/attach?stdout=1"),
    Ask("POST", "/containers/{exited}/attach?stdout=1&stderr=1&logs=1"),
    Ask("POST", "/containers/{exited}/attach?stdout=1&stderr=1&logs=1", upgrade=True),
    Ask("POST", "/containers/{exited}/attach?stream=1&stdout=1", upgrade=True),
    Ask("POST", "/containers/{tty}/attach?logs=1&stdout=1", upgrade=True, endless=True),
    Ask("POST", "/containers/{paused}/attach?stream=1&stdout=1", endless=True),
    Ask("POST", "/containers/{running}/attach?stream=1&stdout=1&detachKeys=x-y", endless=True),
    Ask("POST", "/containers/{missing}/attach?stream=1&stdout=1", upgrade=True),
    Ask("GET", "/containers/{running}/attach/ws"),
    Ask("GET", "/containers/{missing}/attach/ws"),
]  # fmt: skip

FILES: Final = [
    Ask("HEAD", "/containers/{running}/archive?path=/etc/passwd"),
    Ask("HEAD", "/containers/{created}/archive?path=/etc"),
    Ask("HEAD", "/containers/{created}/archive?path=/bin/sh"),
    Ask("HEAD", "/containers/{created}/archive?path=/nosuch"),
    Ask("HEAD", "/containers/{created}/archive"),
    Ask("HEAD", "/containers/{missing}/archive?path=/etc"),
    Ask("GET", "/containers/{running}/archive?path=/etc"),
    Ask("GET", "/containers/{created}/archive?path=/etc/passwd"),
    Ask("GET", "/containers/{created}/archive?path=/nosuch"),
    Ask("GET", "/containers/{created}/archive?path=/etc/passwd/"),
    Ask("GET", "/containers/{created}/archive"),
    Ask("GET", "/containers/{missing}/archive?path=/etc"),
    Ask("PUT", "/containers/{new}/archive?path=/tmp", _TAR),
    Ask("PUT", "/containers/{new_running}/archive?path=/tmp", _TAR),
    Ask("PUT", "/containers/{new}/archive?path=/nosuch", _TAR),
    Ask("PUT", "/containers/{new}/archive?path=/etc/passwd", _TAR),
    Ask("PUT", "/containers/{new}/archive?path=/tmp", b"junk" * 300),
    Ask("PUT", "/containers/{new}/archive", _TAR),
    Ask("PUT", "/containers/{full}/archive?path=/tmp", _TAR),
    Ask("PUT", "/containers/{missing}/archive?path=/tmp", _TAR),
]

LIFE: Final = [
    Ask("POST", "/containers/{new}/start"),
    Ask("POST", "/containers/{running}/start"),
    Ask("POST", "/containers/{paused}/start"),
    Ask("POST", "/containers/{missing}/start"),
    Ask("POST", "/containers/{new}/start?detachKeys=x-y"),
    Ask("POST", "/containers/{new}/start", {"HostConfig": {"Memory": 1 << 30}}),
    Ask("POST", "/containers/{new_running}/stop?t=0"),
    Ask("POST", "/containers/{exited}/stop"),
    Ask("POST", "/containers/{created}/stop"),
    *[Ask("POST", f"/containers/{{exited}}/stop?t={seconds}")
      for seconds in ("x", "-1", "1.5", "", "99999999999999999999")],
    Ask("POST", "/containers/{missing}/stop"),
    Ask("POST", "/containers/{new_running}/stop?t=1&signal=NOSUCH"),
    Ask("POST", "/containers/{new_running}/restart?t=0"),
    Ask("POST", "/containers/{new}/restart?t=0"),
    Ask("POST", "/containers/{missing}/restart"),
    Ask("POST", "/containers/{missing}/restart?t=x"),
    Ask("POST", "/containers/{new_running}/kill"),
    Ask("POST", "/containers/{new_running}/kill?signal=CONT"),
    Ask("POST", "/containers/{running}/kill?signal=NOSUCH"),
    *[Ask("POST", f"/containers/{{running}}/kill?signal={signal}")
      for signal in ("0", "-1", "65", "1.5", "SIGSIGKILL", "99999999999999999999")],
    *[Ask("POST", f"/containers/{{new_running}}/kill?signal={signal}")
      for signal in ("", "9", "SIGKILL", "kill", "RTMIN", "RTMAX-1")],
    Ask("POST", "/containers/{exited}/kill"),
    Ask("POST", "/containers/{created}/kill"),
    Ask("POST", "/containers/{missing}/kill"),
    Ask("POST", "/containers/{new_running}/pause"),
    Ask("POST", "/containers/{paused}/pause"),
    Ask("POST", "/containers/{exited}/pause"),
    Ask("POST", "/containers/{missing}/pause"),
    Ask("POST", "/containers/{new_paused}/unpause"),
    Ask("POST", "/containers/{running}/unpause"),
    Ask("POST", "/containers/{exited}/unpause"),
    Ask("POST", "/containers/{missing}/unpause"),
    Ask("POST", "/containers/{exited}/wait"),
    Ask("POST", "/containers/{created}/wait"),
    Ask("POST", "/containers/{exited}/wait?condition=x"),
    Ask("POST", "/containers/{missing}/wait"),
    Ask("POST", "/containers/{new}/rename?name={free}"),
    Ask("POST", "/containers/{new}/rename?name={running}"),
    Ask("POST", "/containers/{new}/rename?name={new}"),
    Ask("POST", "/containers/{new}/rename?name=-x"),
    Ask("POST", "/containers/{new}/rename"),
    Ask("POST", "/containers/{missing}/rename?name={free}"),
    Ask("POST", "/containers/{new_running}/update", {"CpuShares": 100}),
    Ask("POST", "/containers/{new}/update", {"RestartPolicy": {"Name": "always"}}),
    Ask("POST", "/containers/{new}/update", {"RestartPolicy": {"Name": "nosuch"}}),
    Ask("POST", "/containers/{new}/update", {"Memory": 1}),
    Ask("POST", "/containers/{new}/update", {"Memory": 64 << 20}),
    Ask("POST", "/containers/{new}/update", {"PidsLimit": 5}),
    Ask("POST", "/containers/{new}/update", {"KernelMemory": 64 << 20},
        known="it has no effect: dockerd ignores it, even where the version had it"),
    Ask("POST", "/containers/{new}/update", {}),
    *[Ask("POST", "/containers/{new}/update", {name: value}) for name, value in (
        ("CpuShares", "x"), ("Memory", "64m"), ("NanoCpus", -1), ("CpusetCpus", 5),
        ("RestartPolicy", "always"), ("PidsLimit", None), ("MemorySwap", 1), ("nosuch", 1),
        ("MemoryReservation", -1), ("MemorySwap", 1 << 63), ("CpuQuota", 1 << 63))],
    Ask("POST", "/containers/{missing}/update", {}),
    Ask("POST", "/containers/{new_tty}/resize?h=10&w=20"),
    Ask("POST", "/containers/{new_running}/resize?h=10&w=20"),
    Ask("POST", "/containers/{running}/resize?h=x&w=20"),
    Ask("POST", "/containers/{running}/resize?h=10"),
    Ask("POST", "/containers/{tty}/resize?h=65536&w=1",
        known="no terminal is as large: dockerd cuts it to sixteen bits"),
    Ask("POST", "/containers/{exited}/resize?h=10&w=20"),
    Ask("POST", "/containers/{missing}/resize?h=10&w=20"),
    Ask("DELETE", "/containers/{new}"),
    Ask("DELETE", "/containers/{new_running}?force=1"),
    Ask("DELETE", "/containers/{running}"),
    Ask("DELETE", "/containers/{paused}"),
    Ask("DELETE", "/containers/{missing}"),
    Ask("DELETE", "/containers/{missing}?force=1"),
    Ask("POST", '/containers/prune?filters={"label":["{missing}"]}'),
    Ask("POST", '/containers/prune?filters={"nosuch":["x"]}'),
    Ask("POST", '/containers/prune?filters={"until":["x"]}'),
    Ask("POST", "/commit?container={exited}&repo={prefix}-commit&comment=c&author=a"),
    Ask("POST", "/commit?container={missing}"),
    Ask("POST", "/commit?container={exited}&repo=UPPER"),
    Ask("POST", "/commit?container={exited}&changes=NOSUCH x"),
    Ask("POST", "/commit"),
]  # fmt: skip

EXEC: Final = [
    Ask("POST", "/containers/{new_running}/exec", {"Cmd": ["true"]}),
    Ask("POST", "/containers/{running}/exec", {"Cmd": []}),
    Ask("POST", "/containers/{running}/exec"),
    *[
        Ask("POST", "/containers/{running}/exec", {"Cmd": ["true"]} | wrong)
        for wrong in (
            {"Cmd": "true"},
            {"Env": "A=1"},
            {"Tty": "yes"},
            {"User": 5},
            {"ConsoleSize": 5},
            {"Privileged": 1},
            {"nosuch": 1},
        )
    ],
    Ask("POST", "/containers/{running}/exec", {"Cmd": ["true"], "DetachKeys": "x-y"}),
    Ask("POST", "/containers/{running}/exec", {"Cmd": ["true"], "User": "nosuch"}),
    Ask("POST", "/containers/{exited}/exec", {"Cmd": ["true"]}),
    Ask("POST", "/containers/{paused}/exec", {"Cmd": ["true"]}),
    Ask("POST", "/containers/{missing}/exec", {"Cmd": ["true"]}),
    Ask("GET", "/exec/{exec}/json"),
    Ask("GET", "/exec/{ended_exec}/json"),
    Ask("GET", "/exec/{missing}/json"),
    Ask("POST", "/exec/{new_exec}/start", {"Detach": True}),
    Ask("POST", "/exec/{new_exec}/start", {"Detach": False}),
    Ask("POST", "/exec/{new_exec}/start", {"Detach": False}, upgrade=True),
    Ask("POST", "/exec/{new_exec_tty}/start", {"Tty": True}, upgrade=True),
    Ask("POST", "/exec/{new_exec_tty}/start", {"Tty": True, "ConsoleSize": [10, 20]}, upgrade=True),
    Ask("POST", "/exec/{new_exec}/start", {"ConsoleSize": [10, 20]}),
    Ask("POST", "/exec/{new_exec}/start"),
    Ask("POST", "/exec/{ended_exec}/start", {"Detach": True}),
    Ask("POST", "/exec/{ended_exec}/start", {}, upgrade=True),
    Ask("POST", "/exec/{missing}/start", {}),
    Ask("POST", "/exec/{ended_exec}/resize?h=10&w=20", known=_EXEC_WAIT),
    Ask("POST", "/exec/{exec}/resize?h=x&w=20"),
    Ask("POST", "/exec/{missing}/resize?h=10&w=20"),
]
