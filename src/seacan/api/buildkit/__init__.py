"""BuildKit's gRPC API, as docker buildx and compose speak it to a daemon; the builder is seacan's.

    POST /grpc ─▶ control.py ─▶ jobs.py: a build that a client asked for
                  gateway.py ─▶ the same build: what its Dockerfile comes to, piece by piece
    POST /session ─▶ sessions.py: what the client of a build serves: files, secrets, credentials

services.py    the methods that are answered, by their paths
messages.py    what is said
attributes.py  what a build is asked for, in BuildKit's names
jobs.py        a build while it goes on, and who listens to it
solving.py     from what is asked for to an image: contexts received, then the builder
progress.py    what the builder tells, in vertexes
errors.py      where in a Dockerfile an error is
filesync.py    a directory of the client's, received
workers.py     what this builder is, and can do
"""
