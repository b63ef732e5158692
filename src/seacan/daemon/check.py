"""Checking the images of a data root that no daemon has: `python -m seacan.daemon.check DIR`.

Prints what GET /system/check answers. Nothing is changed, and what a crash left is told of, which
the next daemon removes when it starts. The status is 75 if a daemon has the root.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from msgspec.structs import asdict

from seacan.daemon import locks
from seacan.daemon.main import RUNS_ALREADY
from seacan.errors import NotFound, SeacanError
from seacan.images.check import Checked, check
from seacan.images.store import Store
from seacan.paths import DataRoot


def main(argv: Sequence[str]) -> int:
    root = DataRoot(Path(argv[0]))
    try:
        with ExitStack() as held:
            if not root.database.exists():
                raise NotFound(f"{root.path}: there is no seacan.db, so it is no data root")
            if not locks.lock(root.path, held):
                print(f"{root.path}: a daemon has this data root; ask it", file=sys.stderr)
                return RUNS_ALREADY
            _check(held.enter_context(closing(Store(root, as_found=True))))
    except (SeacanError, OSError) as err:
        print(err, file=sys.stderr)
        return 1
    return 0


def _check(store: Store) -> None:
    checked = Checked()
    for problem in check(store, checked):
        print(json.dumps({"problem": problem}), flush=True)
    print(json.dumps({"checked": asdict(checked)}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
