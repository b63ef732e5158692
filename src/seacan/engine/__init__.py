"""Decisions and state: what containers there are, how they are made, started, ended.

In reading order: engine.py (all parts, wired) and context.py (what each of them is handed); the
folders containers, creation, bundle, running, logs, volumes, networks, events, builds; database.py
(what is kept); reconcile.py (what a restarted daemon finds), shutdown.py (what one leaves),
trash.py (removed while nobody waits); host.py, system.py with identity.py (version, info),
measures.py and metrics.py (for Prometheus), authorization.py (who is asked), disk_usage.py with
tree_size.py, image_prune.py; times.py, expressions.py.
"""
