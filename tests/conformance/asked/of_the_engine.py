"""Requests of the engine itself, of images, and of what there is none of."""

from typing import Final

from tests.conformance.asked.ask import Ask

_SWARM: Final = (
    ("GET", "/swarm"), ("GET", "/swarm/unlockkey"), ("POST", "/swarm/unlock"),
    ("POST", "/swarm/update?version=1"), ("POST", "/swarm/leave"),
    ("GET", "/nodes"), ("GET", "/nodes/x"), ("DELETE", "/nodes/x"),
    ("POST", "/nodes/x/update?version=1"),
    ("GET", "/services"), ("GET", "/services/x"), ("DELETE", "/services/x"),
    ("GET", "/services/x/logs?stdout=1"), ("POST", "/services/create"),
    ("POST", "/services/x/update?version=1"),
    ("GET", "/tasks"), ("GET", "/tasks/x"), ("GET", "/tasks/x/logs?stdout=1"),
    ("GET", "/secrets"), ("GET", "/secrets/x"), ("DELETE", "/secrets/x"),
    ("POST", "/secrets/create"), ("POST", "/secrets/x/update?version=1"),
    ("GET", "/configs"), ("GET", "/configs/x"), ("DELETE", "/configs/x"),
    ("POST", "/configs/create"), ("POST", "/configs/x/update?version=1"),
)  # fmt: skip

SWARM: Final = [
    Ask(method, path, {} if method == "POST" and "leave" not in path else None)
    for method, path in _SWARM
]

SYSTEM: Final = [
    Ask("GET", "/_ping"),
    Ask("HEAD", "/_ping"),
    Ask("GET", "/version"),
    Ask("GET", "/info"),
    Ask("GET", "/system/df"),
    Ask("GET", "/system/df?type=container"),
    Ask("GET", "/system/df?type=x"),
    Ask("GET", "/events?since=1&until=2"),
    Ask("GET", "/events?since=2&until=1"),
    Ask("GET", "/events?since=x"),
    *[
        Ask("GET", f'/events?since={since}&until=1&filters={{"container":["{{missing}}"]}}')
        for since in ("0", "1.5", "1970-01-01", "1970-01-01T00:00:00Z", "1.123456789", "", "1e9")
    ],
    Ask("GET", '/events?until=1&filters={"nosuch":["x"]}'),
    Ask("GET", '/events?until=1&filters={"type":["nosuch"]}'),
    Ask("GET", "/nosuch"),
    Ask("POST", "/version"),
    Ask("DELETE", "/containers/json"),
]

IMAGES: Final = [
    Ask("GET", '/images/json?filters={"reference":["{image}"]}'),
    Ask("GET", '/images/json?filters={"reference":["{missing}"]}'),
    Ask("GET", '/images/json?filters={"nosuch":["x"]}'),
    Ask("GET", '/images/json?filters={"dangling":["x"]}'),
    Ask("GET", '/images/json?filters={"before":["{missing}"]}'),
    Ask("GET", '/images/json?filters={"since":["{missing}"]}'),
    Ask("GET", '/images/json?filters={"until":["x"]}'),
    Ask("GET", "/images/json?filters=x"),
    Ask("GET", '/images/search?term=x&filters={"is-official":["x"]}'),
    Ask("GET", "/images/{image}/json"),
    Ask("GET", "/images/{missing}/json"),
    Ask("GET", "/images/UPPER/json"),
    Ask("POST", "/images/{image}/tag?repo={prefix}-tagged&tag=x"),
    Ask("POST", "/images/{image}/tag?repo=UPPER"),
    Ask("POST", "/images/{image}/tag?repo=a&tag=:"),
    Ask("POST", "/images/{image}/tag", known="dockerd takes it, and does nothing"),
    Ask("POST", "/images/{missing}/tag?repo={prefix}-tagged"),
    Ask("DELETE", "/images/{image}@sha256:" + "0" * 64),
    Ask("DELETE", "/images/{missing}"),
    Ask("DELETE", "/images/UPPER"),
    Ask("POST", "/images/load", b"junk" * 300),
    Ask("POST", "/images/load?quiet=1", b"junk" * 300),
    Ask("GET", '/images/json?filters={"reference":["{image}"],"until":["1h"]}'),
    Ask("POST", "/images/load", b""),
    Ask("POST", "/images/create?fromSrc=-&repo=UPPER", b""),
]

NETWORKS: Final = [
    Ask("GET", '/networks?filters={"name":["none"]}'),
    Ask("GET", '/networks?filters={"name":["host"]}'),
    Ask("GET", '/networks?filters={"name":["^non"]}'),
    Ask("GET", '/networks?filters={"name":["^on"]}'),
    Ask("GET", '/networks?filters={"name":["("]}'),
    Ask("GET", '/networks?filters={"id":["^zz"]}'),
    Ask("GET", '/networks?filters={"scope":["swarm"]}'),
    Ask("GET", '/networks?filters={"dangling":["x"]}'),
    Ask("GET", '/networks?filters={"dangling":["true","false"]}'),
    Ask("GET", '/networks?filters={"type":["nosuch"]}'),
    Ask("GET", '/networks?filters={"nosuch":["x"]}'),
    Ask("GET", "/networks/"),
    Ask("GET", "/networks/none"),
    Ask("GET", "/networks/host?verbose=1"),
    Ask("GET", "/networks/none?verbose=x"),
    Ask("GET", "/networks/{missing}"),
    Ask("DELETE", "/networks/none"),
    Ask("DELETE", "/networks/{missing}"),
    Ask("POST", '/networks/prune?filters={"nosuch":["x"]}'),
    Ask("POST", '/networks/prune?filters={"label":["{missing}"]}'),
    Ask("POST", '/networks/prune?filters={"label":["{missing}"],"until":["x"]}'),
    Ask("POST", '/networks/prune?filters={"label":["{missing}"],"until":["1h","2h"]}'),
    *(
        Ask("POST", "/networks/create", body)
        for body in (
            {},
            {"Name": ""},
            {"Name": "host"},
            {"Name": "{missing}", "Driver": "nosuch"},
            {"Name": "{missing}", "Driver": "host"},
            {"Name": "{missing}", "IPAM": {"Driver": "nosuch"}},
            {"Name": "{missing}", "IPAM": {"Config": [{"Subnet": "x"}]}},
            {"Name": "{missing}", "IPAM": {"Config": [{"Gateway": "10.9.8.1"}]}},
            {"Name": "{missing}", "IPAM": {"Config": [{"Subnet": "10.9.8.1/24"}]}},
            {"Name": "{missing}", "Options": {"com.docker.network.driver.mtu": "x"}},
            {"Name": "{missing}", "Driver": "macvlan", "Options": {"parent": "nosuch0"}},
        )
    ),
    *(
        Ask("POST", path, body)
        for path in ("/networks/none/connect", "/networks/{missing}/disconnect")
        for body in ({}, {"Container": "{missing}"})
    ),
]

VOLUMES: Final = [
    Ask("GET", '/volumes?filters={"name":["{missing}"]}'),
    Ask("GET", '/volumes?filters={"nosuch":["x"]}'),
    Ask("GET", "/volumes/{missing}"),
    Ask("DELETE", "/volumes/{missing}"),
    Ask("GET", '/volumes?filters={"name":["^{missing}$"]}'),
    Ask("GET", '/volumes?filters={"dangling":["x"]}'),
    Ask("POST", "/volumes/create", {"Name": "a/b"}),
    Ask("POST", "/volumes/create", {"Name": "-x"}),
    Ask("POST", "/volumes/create", {"Name": ".."}),
    Ask("POST", "/volumes/create", {"Name": "{missing}", "DriverOpts": {"nosuch": "x"}}),
    Ask("POST", "/volumes/create", {"Name": "{missing}", "DriverOpts": {"type": 5}}),
    Ask("POST", "/volumes/create", {"Name": ["a"]}),
]

PLUGINS: Final = [
    Ask("GET", "/plugins"),
    Ask("GET", '/plugins?filters={"nosuch":["x"]}'),
    Ask("GET", "/plugins/{missing}/json"),
    Ask("DELETE", "/plugins/{missing}"),
    Ask("POST", "/plugins/{missing}/enable?timeout=1"),
    Ask("POST", "/plugins/{missing}/disable"),
]
