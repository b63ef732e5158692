"""Control groups: where a container's processes are counted, limited, found and ended.

In reading order: cgroup.py (what a cgroup can do), hierarchy.py (which kind this host has, and
where), v1.py and v2.py (the two kinds), limits_v1.py and limits_v2.py (limits → writes, pure),
devices.py (device rules → exceptions, and → eBPF for v2); what both kinds share: limits.py,
files.py, waiting.py. What is used, and when memory runs out: stats.py with stats_v1.py and
stats_v2.py (contents of files → figures, pure), oom.py. Made by systemd: systemd.py, with units.py
(names) and unit_properties.py (limits → properties, pure).
"""
