"""What a container prints, kept and sent on: the part of the shim that log drivers are.

log.py (all of it for one container), lines.py, rotation.py; the formats on disk json_file.py and
local.py; receiver.py, which sends, and what it sends: syslog.py, journald.py, gelf.py, fluentd.py.
A container that only keeps a json-file imports the first four.
"""
