"""HTTP/1.1 for those who serve: strict heads, streamed bodies, connections given away.

It knows nothing of what is served: an `Application` turns a Request into an Answer, all else is
here.

    limits.py      what a client may use up: bytes, seconds, connections
    streams.py     a connection's bytes: a plain socket
    tls.py         the same within TLS
    incoming.py    bytes that came and were not yet used: heads found, the end of the client noticed
    heads.py       request heads that two parsers could read in two ways are refused
    messages.py    Request, and the answers: Reply, Stream, Hijack
    errors.py      class of error to status and body
    exchange.py    one request and its answer, over h11
    connection.py  one exchange after the other until somebody closes, or hands the socket over
    server.py      listeners, the cap of connections, the end
"""
