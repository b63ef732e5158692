"""The processes that keep containers running, and how the daemon speaks to them.

launcher_client.py, shim_client.py and asking.py (the daemon's side), launcher.py and shim.py (the
processes), protocol.py (the words between them); in the shim: requests.py (what it is asked),
streams.py (stdio), attachment.py and websocket.py (attached clients), logs/ (log drivers), loop.py,
process.py, execs.py (processes beside the first);
container.py, own.py, foreign.py (a container, of our runtime or of another's), rootfs.py;
starter.py and worker.py (the children of a shim that work with the runtime), standby.py (what those
that wait for the next container prepare with).
"""
