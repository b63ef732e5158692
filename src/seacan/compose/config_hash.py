"""Digests by which compose knows whether a container, network or volume is as it should be.

They are those of docker compose, so that either tool finds unchanged what the other made: SHA-256
of the JSON of the section, without what changes nothing about a container.
"""

from __future__ import annotations

from seacan.compose.model import shapes
from seacan.compose.model.output import json_text, written
from seacan.compose.model.sha256 import sha256_hex
from seacan.compose.model.shape import Shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OF_NO_CONTAINER = ("build", "pull_policy", "scale", "depends_on", "profiles")


def service_hash(service: dict[str, Any]) -> str:
    kept = {key: value for key, value in service.items() if key not in _OF_NO_CONTAINER}
    if "replicas" in kept.get("deploy", {}):
        deploy = {key: value for key, value in kept["deploy"].items() if key != "replicas"}
        kept["deploy"] = deploy
    return _digest(kept, shapes.SERVICE)


def network_hash(network: dict[str, Any]) -> str:
    return _digest(network, shapes.NETWORK)


def volume_hash(volume: dict[str, Any]) -> str:
    return _digest({"driver": "local", **volume}, shapes.VOLUME)


def _digest(section: dict[str, Any], shape: Shape) -> str:
    text = json_text(written(section, shape, as_json=True))
    return sha256_hex(text.encode(errors="surrogateescape"))
