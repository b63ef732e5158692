"""`cp`: files between a container and this machine.

In reading order: places (what the two arguments name, and what becomes of what is copied),
packing (files to an archive), unpacking (an archive to files), patterns.
"""
