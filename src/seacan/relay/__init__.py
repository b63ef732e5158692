"""The process that has the published ports of one container, whether or not there is a daemon.

In reading order: client.py (the daemon's side), process.py (the program), words.py (what they tell
each other); in the program: ports.py (what it has), tcp.py and udp.py (what it relays).
"""
