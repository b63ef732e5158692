"""What `--docker` of `context create` and `context update` says: an endpoint and its keys.

host=tcp://HOST:PORT,ca=FILE,cert=FILE,key=FILE,skip-tls-verify=true    or    from=CONTEXT
"""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import KEY_VALUES, TEXT, go_quote, read_bool
from seacan.client.contexts import CA_FILE, CERTIFICATE_FILE, DOCKER, KEY_FILE
from seacan.client.endpoint import TlsFiles, parse_host
from seacan.errors import InvalidArgument, SeacanError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seacan.cli.session import Session

CONTEXT_FLAGS = (
    Flag("description", "", TEXT, "What to say of it in lists"),
    Flag(
        "docker",
        "",
        KEY_VALUES,
        "Where the daemon is: host=URL, ca=FILE, cert=FILE, key=FILE, skip-tls-verify=BOOL",
        shown="[]",
    ),
)

_FILES = {"ca": CA_FILE, "cert": CERTIFICATE_FILE, "key": KEY_FILE}
_KEYS = ("from", "host", *_FILES, "skip-tls-verify")


def read_endpoint(
    session: Session, config: dict[str, str]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the endpoint as meta.json has it, and its files. Raises InvalidArgument."""
    try:
        _check_keys(config)
        if "from" in config:
            return _copied(session, config["from"])
        return _new(config)
    except (SeacanError, OSError) as err:
        why = (
            f"open {err.filename}: {(err.strerror or '').lower()}"
            if isinstance(err, OSError)
            else err
        )
        raise InvalidArgument(f"unable to create docker endpoint config: {why}") from err


def _check_keys(config: dict[str, str]) -> None:
    unknown = [f"unrecognized config key: {key}" for key in config if key not in _KEYS]
    if unknown:
        raise InvalidArgument("\n".join(unknown))


def _copied(session: Session, name: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    metadata = session.metadata(name)
    endpoint = (metadata.get("Endpoints") or {}).get(DOCKER)
    if endpoint is None:
        raise InvalidArgument(f"unable to get endpoint from context {go_quote(name)}")
    # As Docker's client, which copies no keys here; `create --from` does.
    return endpoint, {}


def _new(config: dict[str, str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    files = {}
    for key, file in _FILES.items():
        if path := config.get(key):
            with open(path, "rb") as opened:
                files[file] = opened.read()
    skips = _skips_verification(config)
    if host := config.get("host", ""):
        endpoint = parse_host(host)
        if endpoint.scheme == "tcp" and (files or skips):
            from seacan.client.tls import client_context

            paths = (config.get(key, "") for key in _FILES)
            client_context(TlsFiles(*paths, verifies=not skips))
    return {**({"Host": host} if host else {}), "SkipTLSVerify": skips}, files


def _skips_verification(config: dict[str, str]) -> bool:
    text = config.get("skip-tls-verify", "false")
    try:
        return read_bool(text)
    except ValueError:
        raise InvalidArgument(
            f"skip-tls-verify: parsing {go_quote(text)}: invalid syntax"
        ) from None
