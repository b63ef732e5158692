"""Under the hood: what the kernel knows of a process of this host, and limits for any process.

Processes of their own, that `seacan explain` and `seacan limit` start; the daemon has no part in
them (docs/adr/0020-explain-reads-the-host-itself.md). In reading order: explain.py (one process,
section by section, as JSON), process_tree.py, namespaces.py, cgroups.py, privileges.py,
file_system.py, network_path.py; limit.py (limits, and back), limit_records.py.
"""
