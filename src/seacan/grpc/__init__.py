"""gRPC on a connection that is there already: HTTP/2, calls, and messages of protobuf.

It knows nothing of what is called. Both sides of a connection may be ours: BuildKit's clients call
the daemon on one connection, and are called by it on another that they opened as well.

protobuf.py    messages, declared as dataclasses, and their bytes
status.py      how a call ended: codes, errors, what details tell of them
http2.py       a connection of HTTP/2 on a socket: streams, flow control, bounds
calls.py       a call: messages to and fro, the status at its end
server.py      calls of a client, each answered by a function
client.py      calls of ours
"""
