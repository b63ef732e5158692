"""D-Bus, as much of it as it takes to ask systemd for a cgroup.

A container pays for it with --systemd-cgroup alone.

In reading order: values.py (types and their bytes), text.py (values that people write),
connection.py (calls and signals over a unix socket), systemd.py (the manager's methods).
"""
