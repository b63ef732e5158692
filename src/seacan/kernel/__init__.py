"""Linux as typed functions. Everything here raises OSError, holds no policy and keeps no state.

libc.py; syscalls.py, this_process.py and programs.py (the calls that the os module lacks),
rooted.py (paths inside a root that is not trusted), file_data.py, procfs.py, mounts.py with
mount_options.py and old_mount.py, namespaces.py, idmaps.py, project_quotas.py, capabilities.py,
terminals.py, processes.py, cgroups/, bpf.py, dbus/.
"""
