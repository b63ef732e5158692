"""`seacan registry serve`: a registry over a directory."""

from __future__ import annotations

from seacan.cli import registry_process
from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT, TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seacan.cli.flags import Values
    from seacan.cli.session import Session

FLAGS = (
    Flag("addr", "", TEXT, "Listen here (HOST:PORT)", shown='"127.0.0.1:5000"'),
    Flag("allow", "", TEXTS, "Let somebody do something (WHO:ACTIONS:REPOSITORIES)"),
    Flag("gc-grace", "", TEXT, "Keep a blob this long that no manifest names", shown='"1h"'),
    Flag("gc-interval", "", TEXT, "Collect what nobody needs this often", shown='"1h"'),
    Flag("htpasswd", "", TEXT, "Ask for names and passwords, whose bcrypt hashes are in this file"),
    Flag("log-level", "", TEXT, "Log this and above: debug, info, warn, error", shown='"info"'),
    Flag("metrics-addr", "", TEXT, "Show health and metrics here, and to everybody (HOST:PORT)"),
    Flag("proxy", "", TEXT, "Be a cache of this registry (URL)"),
    Flag("proxy-lifetime", "", TEXT, "Keep so long what nobody asks for", shown='"7d"'),
    Flag("proxy-password-file", "", TEXT, "File with the password of --proxy-username"),
    Flag("proxy-tag-lifetime", "", TEXT, "Believe so long what a tag points to", shown='"1m"'),
    Flag("proxy-username", "", TEXT, "Be this user there; without it nobody"),
    Flag("read-only", "", SWITCH, "Refuse to push and to delete"),
    Flag("root", "", TEXT, "Keep everything in this directory"),
    Flag("tls-cert", "", TEXT, "Serve HTTPS with this certificate and what it is chained to"),
    Flag("tls-key", "", TEXT, "Private key of the certificate"),
    Flag("token-issuer", "", TEXT, "Who makes the tokens, as they say"),
    Flag(
        "token-keys", "", TEXT, "Ask for tokens that a certificate or public key in here has signed"
    ),
    Flag("token-realm", "", TEXT, "URL where clients get tokens"),
    Flag("token-service", "", TEXT, "What this registry is called in tokens"),
    Flag("upload-lifetime", "", TEXT, "Drop an upload that got no byte so long", shown='"1d"'),
)


def run(session: Session, values: Values, arguments: list[str]) -> int:
    registry_process.become("serve", FLAGS, values)
