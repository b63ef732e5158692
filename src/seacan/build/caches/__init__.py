"""Caches that travel: what steps came to, taken from one daemon to another one.

document.py   what was done, and in which layers it is: BuildKit's format, with seacan's keys
exported.py   steps of a build → documents and blobs for a registry, or a directory
imported.py   the way back: a layer is fetched when a step wants it
inline.py     the same within the image itself
"""
