"""Volumes: directories of the data root that outlast the container they are mounted into.

local.py has them on disk. Those there are as yet are anonymous: made with a container, removed with
it by `rm -v` and `--rm`.
"""
