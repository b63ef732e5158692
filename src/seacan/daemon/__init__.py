"""The daemon's main: flags, sockets, signals, wiring; no decisions.

main.py, flags.py and its parts (…_flags.py, booleans.py, subordinate_ids.py), config_file.py and
builder_config.py (daemon.json), configuration.py (SIGHUP), sockets.py, locks.py; check.py reads the
images of a root without a daemon.
"""
