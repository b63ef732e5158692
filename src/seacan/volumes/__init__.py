"""Volumes: directories that outlast the containers they are mounted into.

volume.py is what is known of one, driver.py what makes them: local.py, on disk, or plugins.py with
plugin_calls.py, by asking another. filling.py and copying.py bring in what is to be there at first,
cloning.py all of another; options.py, mounting.py, uses.py have what is mounted; turns.py lets one
at a time work on each.
"""
