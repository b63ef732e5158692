"""The daemon's main: flags, sockets, signals, wiring; no decisions.

main.py, flags.py, sockets.py.
"""
