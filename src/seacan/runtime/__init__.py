"""The OCI runtime: a library for the shim, and the executable `seacan-runtime`.

In reading order: bundle.py (config.json, loaded and judged), container.py (what the state says, and
start, kill, delete), create.py (the parent's half of create), init.py (the child's half, a table
of steps), and what the steps do: rootfs.py, mounts.py, cgroup_mounts.py, devices.py, masks.py,
sysctls.py, process.py; exec.py (a further process in a container); state.py, failures.py;
main.py with commandline.py and foreground.py (the executable); seccomp/.
"""
