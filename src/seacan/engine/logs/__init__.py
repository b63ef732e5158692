"""The logs of containers, which their shims write: which one is kept, and reading it.

Reading order: options.py (which log) with receivers.py, addresses.py, attributes.py and values.py;
plan.py (what the shim is told); reading.py with files.py; clearing.py.
"""
