"""Which commands there are, how they are spelled, and what they take: a file per area.

In reading order: table (all of them, and how one is found); containers, images, registries,
networks, volumes, system, hood, remote.
"""
