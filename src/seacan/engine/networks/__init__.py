"""Networks, and what containers have of them; the kernel's part is seacan.network.

Reading order: networks.py with requests.py, filters.py, settings.py and default_bridge.py;
endpoint_settings.py (what a container asks for) and interface_sysctls.py, endpoint_plan.py (what it
gets); sandboxes.py (made for running containers), sandbox_file.py, departures.py, connections.py
(one more while it runs); publications.py with relays.py (published ports); resolvers.py (the names
of others), links.py, link_removal.py, etc_files.py (/etc/hosts and its like).
"""
