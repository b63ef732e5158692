"""Volumes: directories that outlast the containers they are mounted into.

volume.py is what is known of one, local.py has them on disk, copying.py copies what is in them,
turns.py lets one at a time work on each; options.py, mounting.py, uses.py have what is mounted.
"""
