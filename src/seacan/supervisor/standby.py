"""What a shim gets that waits for the daemon's next container, and so has time to prepare."""

from seacan.kernel.written_pages import WrittenPages
from seacan.records import record


@record
class Standby:
    """The pages that shims on standby, their starters, and the processes forked ahead write to."""

    shims: WrittenPages
    starters: WrittenPages
    inits: WrittenPages
