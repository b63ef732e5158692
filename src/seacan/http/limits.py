"""What a client may use up before it is turned away."""

import math

import msgspec


class Limits(msgspec.Struct, frozen=True):
    # A query may carry hundreds of ids in `filters`; dockerd allows a head of 1 MiB.
    head_bytes: int = 1 << 20
    head_lines: int = 256
    # Until both sides of TLS have agreed: before that, a client may be anybody.
    handshake_s: float = 10.0
    # From the first byte of a head to its last.
    head_s: float = 30.0
    # From one answer to the next request. Go's clients keep a connection for 90 s.
    idle_s: float = 300.0
    # Between two pieces of a request's body.
    body_s: float = 300.0
    # What has to come of a body in each turn of waiting for it; 0 if body_s is all.
    body_turn_bytes: int = 0
    body_turn_s: float = 60.0
    # Until the client has taken a piece of an answer, of 1 MiB at most.
    piece_s: float = math.inf
    # And half of the descriptors at most; beyond, the oldest is closed that only waits.
    connections: int = 4096
    # How long the server waits for answers under way when it ends; streams are cut at once.
    grace_s: float = 5.0
    # What of an unread body is read after the answer, to go on with the connection.
    drain_bytes: int = 256 << 10
    drain_s: float = 2.0
    # How long a connection that ends early is read from, so that the client sees its answer.
    linger_s: float = 0.5
    # What a client may send ahead while it is answered.
    ahead_bytes: int = 64 << 10
