"""A container while it lives: from the request to start it to what follows from its end.

Reading order: running.py, states.py, waiting.py (who waits for the end), stop.py with signals.py,
pause.py, ends.py, restart.py (what follows from an end); health.py, probe.py and on_unhealthy.py
(whether it is well); streams.py with attach.py and detach_keys.py; execs.py.
"""
