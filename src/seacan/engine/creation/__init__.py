"""A request to create a container, checked and completed: what inspect shows afterwards.

Reading order: creation.py (from request to record); requests.py (checked, merged with the image),
unsupported.py, defaults.py (what one is that says nothing) and container_defaults.py (what the
daemon's flags add); limits.py, storage_options.py; mount_points.py with tmpfs.py and
mount_owners.py; port_bindings.py.
"""
