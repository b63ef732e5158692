"""Where dockerd 28 answers otherwise than its own description says, as seen by asking it.

test_against_dockerd.py holds dockerd itself against the descriptions and these tables. Beside them,
one rule: a list or a map without anything may be null in Go's JSON; which it is, null or empty, is
compared with dockerd's own answer there.
"""

from typing import Any, Final, NamedTuple


class Field(NamedTuple):
    """`where` has `schema` under `name`, in the descriptions before version `before`.

    That is a definition, maybe with a name in it, or an operation's answer of status 200.
    """

    where: str
    name: str
    schema: dict[str, Any]
    reason: str
    before: tuple[int, int] = (1, 99)


_TEXT: Final = {"type": "string"}
_NUMBER_OR_NULL: Final = {"type": ["integer", "null"]}
_BOOLEAN_OR_NULL: Final = {"type": ["boolean", "null"]}
_TEXTS: Final = {"type": ["array", "null"], "items": _TEXT}
_MAP: Final = {"type": ["object", "null"], "additionalProperties": _TEXT}
_LATER: Final = "a field of later versions, which those before are given too"

FIELDS: Final = (
    Field("EventMessage", "status", _TEXT, "from before there were events of other kinds"),
    Field("EventMessage", "id", _TEXT, "from before there were events of other kinds"),
    Field("EventMessage", "from", _TEXT, "from before there were events of other kinds"),
    Field("HostConfig", "MemorySwappiness", _NUMBER_OR_NULL, "null is the host's"),
    Field("HostConfig", "OomKillDisable", _BOOLEAN_OR_NULL, "null with control groups v2"),
    Field("GET /exec/{id}/json", "ExitCode", _NUMBER_OR_NULL, "null until there is one"),
    Field("EndpointSettings", "DNSNames", _TEXTS, _LATER, (1, 44)),
    Field("EndpointSettings", "GwPriority", {"type": "integer"}, _LATER, (1, 48)),
    Field("HostConfig", "Annotations", _MAP, _LATER, (1, 43)),
    Field("ContainerSummary.HostConfig", "Annotations", _MAP, "in /system/df " + _LATER, (1, 46)),
    Field("SystemInfo", "CDISpecDirs", _TEXTS, _LATER, (1, 44)),
    Field(
        "GET /system/df",
        "BuilderSize",
        {"type": "integer"},
        "not described any more in 1.41, which has it still",
        (1, 42),
    ),
    Field("BuildCache", " Parents", _TEXTS, "dockerd writes the name with a space in front"),
    Field("Network", "EnableIPv4", {"type": "boolean"}, _LATER, (1, 47)),
    Field(
        "HealthConfig", "OnFailure", _TEXT, "of seacan, beyond Docker; only where it is asked for"
    ),
)

# A status that an operation is not said to have; 400 and 500 any may have.
STATUSES: Final = {
    ("GET /containers/json", 404): "a filter names a container that there is not",
    ("GET /images/get", 404): "there is no such image",
    ("GET /images/{name}/get", 404): "there is no such image",
    ("GET /images/json", 404): "a filter names an image that there is not",
    ("GET /containers/{id}/top", 409): "the container does not run",
    ("POST /containers/{id}/attach", 409): "the container is paused",
    ("POST /containers/{id}/start", 409): "the container is paused",
    ("POST /containers/{id}/pause", 409): "the container does not run",
    ("POST /containers/{id}/update", 409): "the container is being removed",
    ("POST /containers/{id}/resize", 409): "the container does not run",
    ("POST /exec/{id}/resize", 409): "it does not run; dockerd waits, and then says 500",
    ("POST /networks/create", 409): "there is a network of that name",
    ("POST /exec/{id}/start", 101): "the client asked for an upgrade",
    ("POST /images/create", 403): "the name is reserved",
    ("GET /distribution/{name}/json", 404): "the registry has no such manifest",
    ("POST /auth", 401): "a token server does not take the credentials",
    ("POST /volumes/create", 503): "a volume of a cluster is asked for",
    ("POST /images/{name}/tag", 200): "nothing was asked for",
}

# A type of body that an operation is not said to have, and whose body it is.
TYPES: Final = {
    ("GET /containers/{id}/logs", "application/vnd.docker.raw-stream"): "in versions before 1.42",
}
