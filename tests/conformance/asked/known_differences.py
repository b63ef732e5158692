"""Where seacan's answers are others than dockerd's, and why; and where an old dockerd's are.

A line is a regular expression for what comparison.py says. One of KNOWN that matches nothing any
more is to be removed: the test says so, when it is run against a dockerd of today.
"""

import re
from typing import Final, NamedTuple


class Known(NamedTuple):
    """`line` in answers to requests that `where` matches, from `method path` on."""

    where: str
    line: str
    reason: str

    def is_of(self, where: str, line: str) -> bool:
        return bool(re.match(self.where, where) and re.match(self.line, line))


_ANY: Final = ""
_HEADERS: Final = "(api-version|docker-experimental|ostype|server): "

KNOWN: Final = (
    Known(_ANY, "status: 400 != 500$", "a client's mistake is never the server's"),
    Known(_ANY, r"message: .*invalid JSON: .*json: cannot unmarshal", "each decoder's own words"),
    Known("GET /version", r"\.Components\[\]\.Details\.", "each engine has parts of its own"),
    Known("GET /version", r"\.Platform\.Name: ", "its name, which dockerd's packagers leave out"),
    Known("GET /version", r"\.(GitCommit|GoVersion|BuildTime): ", "no commit or Go in a wheel"),
    Known("GET /info", r"\.Runtimes\.", "each engine has runtimes of its own"),
    Known("GET /info", r"\.CDISpecDirs: empty", "there is no CDI"),
    Known("GET /info", r"\.Containerd: missing", "there is no containerd"),
    Known("GET /info", r"\.FirewallBackend: missing", "there are no bridges yet"),
    Known(
        "(GET /nosuch|POST /version|DELETE /containers/json)", _HEADERS,
        "all answers have them; dockerd leaves them out where there is no such path",
    ),
    Known("GET .*stats", r"\.networks: only here: \{\}", "clients look there, so it is empty"),
    Known("GET .*stats", "content-type: application/json != None", "as it is described"),
    Known(
        "(POST|GET) /containers/[^ ]*/attach",
        f"{_HEADERS}|content-type: application/json != |body: ",
        "a refusal is JSON here; dockerd has given the connection away by then",
    ),
    Known("GET /(containers|images)/", r"\.GraphDriver\.Data: null", "mounts are the shim's"),
    Known("(PUT|POST) .*(archive|load)", "message: .*(archive|file)", "what broke, in own words"),
)  # fmt: skip

# Of hosts, moments, and what else is there: they may be met or not.
BY_CHANCE: Final = (
    Known("GET /info", r"\.RegistryConfig\.(IndexConfigs|Mirrors)", "as it was started"),
    Known("GET /info", r"\.DefaultAddressPools: ", "as it was started"),
    Known("GET /info", r"\.(OSVersion|RuncCommit\.(ID|Expected)): ", "of the host it runs on"),
    Known("GET /system/df", r"\.Volumes: ", "of what else is there"),
    Known("GET /system/df", r"\.(BuildCache|BuilderSize): ", "of what else was built there"),
    Known("GET /system/df", r"\.Images\[\]\.Labels: ", "each engine has its own hello-world"),
    Known("GET .*stats", r"\.blkio_stats\.", "what was read from the disk, and not from memory"),
)  # fmt: skip

# Of dockerd 20.10, which Debian 12 has, where 28 answers as seacan does.
_LATER: Final = "came with a later dockerd, which gives it in all API versions"
_GONE: Final = "a later dockerd leaves it out, in all API versions"

OLD: Final = (
    Known(_ANY, "api-version: ", "its own"),
    Known(_ANY, "message: ", "sentences were reworded since"),
    Known(_ANY, r".*\.Networks\.none\.(GwPriority|DNSNames): only here", _LATER),
    Known(_ANY, r".*\.HostConfig\.Annotations: only here", _LATER),
    Known("GET /containers/", r"\.HostConfig\.KernelMemory(TCP)?: missing", _GONE),
    Known("GET /containers/", r"\.HostConfig\.RestartPolicy\.Name: ", "'no' is filled in since"),
    Known("GET /containers/[^ ]*stats", r"\.(id|name): missing", _GONE),
    Known("GET .*logs", "content-type: .* != None", _LATER),
    Known("GET /events", r"\.Actor\.Attributes\.execDuration: only here", _LATER),
    Known("GET /images/", r"\.Container: missing", _GONE),
    Known("GET /info", r"\.(CDISpecDirs: only here|ExecutionDriver: missing)", "comes and goes"),
    Known("GET /info", r"\.(Containerd|Init)Commit\.", "the parts of Debian's"),
    Known("GET /info", r"\.DriverStatus: ", "the driver vfs has none"),
    Known("GET /info", r"\.RegistryConfig\.Allow", "null since, an empty list before"),
    Known("GET /containers/", r"\.NetworkSettings\.Sandbox(ID|Key): ", "goes at the end since"),
    Known("GET /networks", r"(\[\])?\.(EnableIPv4|IPAM\.Config): ", _LATER),
    Known("GET /system/df", r"\.(BuilderSize|BuildCache): ", "of BuildKit, not asked for"),
    Known("(GET|HEAD) /_ping", "(builder-version|swarm): .* != None", _LATER),
    Known("POST .*/wait", r"\.Error: missing: None", "is left out since when there is none"),
    Known("POST .*/create", r"\.Warnings: empty array", "of kernel memory limits"),
    Known("GET /containers/json.*(before|since)", "status: 404 != 500", "the client's mistake"),
    Known(
        "POST /(containers|networks)/create|POST .*(exec|start|wait|attach)"
        "|GET /images/json|DELETE /",
        "status: (400 != (20[01]|403)|200 != 400|404 != 500|501 != 200)|body: ",
        "looked at since, and sooner",
    ),
)  # fmt: skip
