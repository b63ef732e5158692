"""Volumes: made, filled, mounted, removed; the drivers are seacan.volumes.

Reading order: volumes.py with book.py (who has which), points.py (those of a container), copy_up.py
(filled from the image), mounts.py, subpaths.py; filters.py, prune.py, events.py; copies.py (cloned,
exported).
"""
