"""`proxies` of config.json: which proxies containers and builds of a daemon are to use.

    {"proxies": {"default": {"httpProxy": …, "noProxy": …}, "tcp://host:2376": {…}}}

Source: docker/cli, config/configfile, ParseProxyConfig.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

    from seacan.cli.session import Session

_VARIABLES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "noProxy": "NO_PROXY",
    "ftpProxy": "FTP_PROXY",
    "allProxy": "ALL_PROXY",
}


def proxy_variables(session: Session, given: Container[str]) -> dict[str, str]:
    """Return the variables, each in upper and in lower case, without those that are `given`."""
    proxies = session.config.get("proxies")
    if not isinstance(proxies, dict):
        return {}
    chosen = proxies.get(str(session.client.endpoint), proxies.get("default"))
    if not isinstance(chosen, dict):
        return {}
    found: dict[str, str] = {}
    for key, variable in _VARIABLES.items():
        value = chosen.get(key)
        if value:
            found |= {variable: str(value), variable.lower(): str(value)}
    return {name: value for name, value in found.items() if name not in given}
