"""Volumes: directories that outlast the containers they are mounted into.

volume.py is what is known of one, driver.py what makes them: local.py, on disk, or plugins.py, by
asking another, as plugin_places.py and plugin_calls.py do for plugins of any kind. filling.py and
copying.py bring in what is to be there at first, cloning.py all of another; options.py,
mounting.py, uses.py have what is mounted; turns.py lets one at a time work on each.
"""
