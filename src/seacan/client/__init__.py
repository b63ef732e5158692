"""A client of Docker's Engine API, for the command line, compose and the tests.

In reading order: endpoint (where a daemon is), contexts (names for that), tls and ssh (streams to
other hosts), transport (HTTP/1.1 on a stream), client (`Client`: versions, status codes to errors),
containers, execs, images, system (one method per endpoint of the API), streams (attached output
taken apart), daemon (a seacand started on demand), version.

Synchronous, of one thread, of the standard library alone. It imports neither typing nor
dataclasses: both cost more than a request does, and a command line pays at every start.
"""
