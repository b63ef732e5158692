"""BuildKit's gRPC API, as docker buildx and compose speak it to a daemon; the builder is seacan's.

    POST /grpc ─▶ control.py ─▶ jobs.py: a build that a client asked for
                  gateway.py ─▶ the same build: what its Dockerfile comes to, piece by piece
    POST /session ─▶ sessions.py: what the client of a build serves: files, secrets, credentials

endpoint.py    POST /build?version=2: the same builder, without a connection of gRPC
sent_contexts.py  contexts that come beside it
services.py    the methods that are answered, by their paths
messages.py    what is said
attributes.py  what a build is asked for, in BuildKit's names
jobs.py        a build while it goes on, and who listens to it
solving.py     from what is asked for to an image: contexts received, then the builder
exporters.py   what becomes of a result
passing.py     images that are there for a while
warnings.py    findings of its check, while it is built
subrequests.py what is to be said of a Dockerfile, and nothing built
outline.py     one of these: what a build can be given
needs.py       what a Dockerfile needs of its client
client_services.py  the client's secrets, credentials, ssh agents, archives
filesync.py    a directory of the client's, received
filesend.py    files of a result, sent to the client
modes.py       files in the words of these two
steps.py       the builder's events as vertexes
progress.py    vertexes, and who listens to them
errors.py      where in a Dockerfile an error is
definitions.py results as clients hand them on
cache.py       the cache of builds
cache_options.py  caches that are read and written: what is asked for
caches.py      where those are: registries, and
client_store.py  directories of the client's; blob_messages.py
workers.py     what this builder is, and can do
"""
