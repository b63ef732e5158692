"""One file per resource of the Engine API; each function answers one route.

containers.py  their life: create, list, inspect, start, stop, restart, kill, remove, wait
lifecycle.py   what else is done to them: pause, rename, update, top, places, prune
stats.py       what a container uses, once or as a stream
streams.py     what goes to and fro: attach, logs, resize
exec.py        processes beside a container's own
files.py       their files: archive (cp), changes (diff), export; commit.py makes images of them
images.py      images; transfers.py: in and out; image_filters.py: which are listed
system.py      _ping, version, info; disk_usage.py what takes up the disk; check.py is it whole
events.py      what happens
networks.py    networks; volumes.py, volume_copies.py volumes
plugins.py     that there are none; checkpoints.py, swarm.py the same
"""
