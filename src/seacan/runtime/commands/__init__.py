"""The commands of `seacan-runtime`, a module each, imported when it is called.

Each has `run(options) -> int`, the exit status; flags.py has what `options` can be. In reading
order: create.py, start.py, run.py, kill.py, delete.py, exec.py with handles.py (sockets and files
that the caller names); state.py, list.py, ps.py, events.py with stats.py; pause.py, resume.py,
update.py; checkpoint.py, restore.py; spec.py, features.py.
Source: OCI runtime-spec, runtime.md#operations; runc(8).
"""
