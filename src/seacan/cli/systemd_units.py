"""The units that `seacan system install` writes: a socket, and the service behind it.

Of systemd's hardening only what containers do not inherit is used: a mount namespace of the
service's own would keep its mounts from the host, and its filters, capabilities and
no_new_privs would be those of every container. What they may do is decided for each of them.
Its directories the daemon makes itself: systemd would look through all that is in them.
"""

from __future__ import annotations

SERVICE = "seacan.service"
SOCKET = "seacan.socket"

_SERVICE = """\
[Unit]
Description=seacan container engine
After=network-online.target nss-lookup.target {socket}
Wants=network-online.target
Requires={socket}

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} -H fd://
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
TimeoutStartSec=infinity
WatchdogSec=60

# Containers and their shims outlive the daemon: it alone is stopped, and started again.
KillMode=process
Delegate=yes
OOMPolicy=continue
OOMScoreAdjust=-500
TasksMax=infinity
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity

# No other hardening: all else that systemd offers would be inherited by every container.
UMask=0077
KeyringMode=private

[Install]
WantedBy=multi-user.target
"""

_SOCKET = """\
[Unit]
Description=socket of the seacan container engine
PartOf={service}

[Socket]
ListenStream=/run/seacan.sock
SocketMode=0660
SocketUser=root
SocketGroup={group}

[Install]
WantedBy=sockets.target
"""


def units(command: list[str], group: str) -> dict[str, str]:
    """Return the text of each unit by its name; `command` is the daemon's, `group` may connect."""
    words = " ".join(_quoted(word) for word in command)
    return {
        SERVICE: _SERVICE.format(command=words, socket=SOCKET),
        SOCKET: _SOCKET.format(service=SERVICE, group=group),
    }


def _quoted(word: str) -> str:
    """Return a word of a command line as systemd.service(5) reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if set(word) & set(" \t\"'") else escaped
