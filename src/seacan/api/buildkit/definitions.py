"""Results as definitions: how a client of several builds says that one is made of another's result.

BuildKit's clients keep what a build gives them as a definition of steps, and hand it on to the next
build. Ours has one step, the source of which is the result's id; others are no concern of seacan.
"""

import hashlib
from typing import Final

from seacan.api.buildkit.messages import Definition, Empty, Input, Op, Source
from seacan.errors import Unsupported
from seacan.grpc.protobuf import Malformed

_SCHEME: Final = "seacan-result://"


def of_result(result_id: str) -> Definition:
    step = Op(source=Source(f"{_SCHEME}{result_id}")).encode()
    digest = f"sha256:{hashlib.sha256(step).hexdigest()}"
    # Without metadata, a definition counts as none.
    return Definition((step, Op(inputs=(Input(digest),)).encode()), {digest: Empty()})


def result_id(definition: Definition) -> str:
    """Return the id of the result that is meant. Raises Unsupported if it is no result."""
    for step in definition.steps:
        try:
            source = Op.decode(step).source
        except Malformed:
            continue
        if source is not None and source.identifier.startswith(_SCHEME):
            return source.identifier.removeprefix(_SCHEME)
    raise Unsupported("not supported: builds of LLB; a Dockerfile is what seacan builds")
