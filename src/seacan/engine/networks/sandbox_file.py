"""network.json of a bundle: what a started container has of networks.

Written before it is made. It goes with the bundle when the container has ended; a reboot takes it.
"""

import msgspec

from seacan import files
from seacan.network.definition import Sandbox
from seacan.paths import BundleDirectory


def write(bundle: BundleDirectory, sandbox: Sandbox) -> None:
    bundle.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_atomic(bundle.network, msgspec.json.encode(sandbox), sync=False)


def read(bundle: BundleDirectory) -> Sandbox | None:
    """Return what was written; None if there is nothing."""
    try:
        return msgspec.json.decode(bundle.network.read_bytes(), type=Sandbox)
    except FileNotFoundError:
        return None
