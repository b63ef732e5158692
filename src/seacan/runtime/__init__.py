"""The OCI runtime: a library for the shim, and the executable `seacan-runtime`.

In reading order: bundle.py with shapes.py (config.json, loaded and judged; of it namespaces.py and
idmaps.py); create.py (the parent's half of create) with settings.py (what it may be asked beside
the bundle) and cgroup_place.py, init.py (the child's half, a table of steps), and what the steps
do: rootfs.py, mounts.py with mount_targets.py, copy_up.py and cgroup_mounts.py, devices.py,
console.py, masks.py, sysctls.py, process.py, rlimits.py, scheduling.py, personality.py, labels.py,
hooks.py, seccomp/. Between the halves: fork.py, ahead.py (forked before it is asked for), launch.py
(what the child needs), failures.py (how it fails). With a user namespace: user_namespace.py,
intermediate.py; with that or mapped ids: sources.py; with fewer rights than root has: rootless.py.
Then container.py (start, kill, delete) with state.py, exec.py (a further process) and exec_begun.py
(one that nobody waits for), criu.py (into files) and create_restored.py (and back). The executable:
second_stage.py (the script that elf/first_stage.py starts the interpreter with), __main__.py with
interpreter.py (the sealed copy it runs from), main.py, commandline.py with flags.py, commands/,
foreground.py.
"""
