"""From a container's record to an OCI bundle: everything that a start decides, nothing started.

Reading order: start.py (all of it), bundle.py (config.json, a pure function); its parts: mounts.py,
namespaces.py, resources.py, devices.py, environment.py, users.py, capabilities.py, security.py,
seccomp_profile.py, apparmor.py; what has to be there before: sharing.py (what a container takes
from others), shared_memory.py, image_mounts.py, overlay.py (files looked up in its layers),
project_quotas.py (how much may be written), user_namespaces.py.
"""
