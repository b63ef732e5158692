"""The files of a container: copied out and in, compared with its image, made a layer of.

In reading order: client.py (the daemon's side), worker.py (the program that does the work, one
process for each request), words.py (what they tell each other); in the worker: roots.py (a
container's root, running or not), paths.py (names in it), walk.py, sending.py (files → tar),
extraction.py (tar → files), differences.py (a writable layer against its image).
"""
