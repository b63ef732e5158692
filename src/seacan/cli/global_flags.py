"""The flags before the command: which daemon, whose configuration, how much is told."""

from __future__ import annotations

import os

from seacan.cli.config_file import config_path
from seacan.cli.daemon_choice import DaemonChoice
from seacan.cli.flags import Flag
from seacan.cli.session import Exit, Session
from seacan.cli.values import SWITCH, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.client.endpoint import TlsFiles

GLOBAL_FLAGS = (
    Flag("config", "", TEXT, "Directory of Docker's config.json", shown='"~/.docker"'),
    Flag("context", "c", TEXT, "Context whose daemon to use, instead of DOCKER_HOST and `use`"),
    Flag("debug", "D", SWITCH, "Show where an error comes from"),
    Flag("host", "H", TEXTS, "Where the daemon listens: unix://, tcp:// or ssh://"),
    Flag(
        "log-level",
        "l",
        TEXT,
        'What to tell beside the output ("debug", "info", "warn", "error", "fatal")',
        shown='"info"',
    ),
    Flag("tls", "", SWITCH, "Use TLS; --tlsverify does so, too"),
    Flag("tlscacert", "", TEXT, "CA that the daemon's certificate must be of", shown="ca.pem"),
    Flag("tlscert", "", TEXT, "Certificate to show", shown="cert.pem"),
    Flag("tlskey", "", TEXT, "Key of that certificate", shown="key.pem"),
    Flag("tlsverify", "", SWITCH, "Use TLS, and make sure that it is the daemon named"),
    Flag("version", "v", SWITCH, "Print the version and quit"),
)

# Words of Docker's logger, and which of them ask for debug messages.
_LEVELS = ("trace", "debug", "info", "warn", "warning", "error", "fatal", "panic")
_TALKATIVE = ("trace", "debug")


def session_of(values: Values) -> Session:
    """Return the session that the flags describe. Raises Exit for a level that there is not."""
    level = values.text("log-level") or "info"
    if level.lower() not in _LEVELS:
        raise Exit(1, f"Unable to parse logging level: {level}")
    config = config_path(values.text("config"))
    keys = os.environ.get("DOCKER_CERT_PATH") or os.path.dirname(config)
    choice = DaemonChoice(
        config_path=config,
        hosts=values.texts("host"),
        context=values.text("context"),
        tls=_tls(values, keys),
    )
    is_talkative = values.on("debug") or level.lower() in _TALKATIVE
    return Session(choice, debug=values.on("debug"), is_talkative=is_talkative)


def _tls(values: Values, directory: str) -> TlsFiles | None:
    """Return the files of a connection that flags or environment want within TLS.

    A certificate and a key that nobody named need not be there; the CA has to.
    """
    verifies = values.on("tlsverify")
    if not values.is_given("tlsverify"):
        verifies = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    is_wanted = values.on("tls")
    if not values.is_given("tls"):
        is_wanted = bool(os.environ.get("DOCKER_TLS"))
    if not (is_wanted or verifies or values.is_given("tlsverify")):
        return None
    from seacan.client.endpoint import TlsFiles

    paths = []
    for flag, file in (("tlscacert", "ca.pem"), ("tlscert", "cert.pem"), ("tlskey", "key.pem")):
        path = _unquoted(values.text(flag)) or os.path.join(directory, file)
        may_lack = flag != "tlscacert" and not values.is_given(flag)
        paths.append("" if may_lack and not os.path.exists(path) else path)
    return TlsFiles(*paths, verifies=verifies)


def _unquoted(text: str) -> str:
    """Return `text` without the quotes around it, as boot2docker's users had them."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
