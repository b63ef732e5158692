"""features: what this runtime can do, whatever the host: runtime-spec, features.md.

The lists are the keys of the tables that do the work.
"""

import json
from typing import Any, Final

from seacan.kernel import capabilities, mount_options, namespaces
from seacan.runtime.commandline import Options
from seacan.runtime.seccomp import compile, load, policy
from seacan.spec.oci_version import OCI_VERSION
from seacan.spec.runtime import Hooks
from seacan.version import VERSION

_OCI_VERSION_MIN: Final = "1.0.0"
_YES: Final = {"enabled": True}


def run(options: Options) -> int:
    print(json.dumps(features(), indent=4))
    return 0


def features() -> dict[str, Any]:
    """Return the document."""
    return {
        "ociVersionMin": _OCI_VERSION_MIN,
        "ociVersionMax": OCI_VERSION,
        "hooks": list(Hooks.__annotations__),
        "mountOptions": mount_options.names(),
        "linux": {
            "namespaces": sorted(namespaces.FLAGS),
            "capabilities": list(capabilities.NAMES),
            "cgroup": {
                "v1": True,
                "v2": True,
                "systemd": True,
                "systemdUser": True,
                "rdma": True,
            },
            "seccomp": _seccomp(),
            "apparmor": _YES,
            "selinux": _YES,
            "intelRdt": {"enabled": False},
            "mountExtensions": {"idmap": _YES},
        },
        "annotations": {"org.seacan.version": VERSION},
        "potentiallyUnsafeConfigAnnotations": ["org.systemd.property."],
    }


def _seccomp() -> dict[str, Any]:
    return {
        **_YES,
        "actions": sorted(policy.ACTIONS),
        "operators": sorted(policy.OPERATORS),
        "archs": sorted(compile.ARCHITECTURES),
        "knownFlags": sorted(load.FLAGS),
        "supportedFlags": sorted(load.FLAGS),
    }
