"""The daemon's main: flags, sockets, signals, wiring; no decisions.

main.py, flags.py and its parts, sockets.py, locks.py; check.py reads the images of a root without a
daemon.
"""
