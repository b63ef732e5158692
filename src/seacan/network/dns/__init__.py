"""The resolver at 127.0.0.11 of containers in networks that users have defined.

In reading order: redirect.py (how queries get to the daemon), messages.py (bytes of the protocol),
answers.py (what is known of containers), upstreams.py (who is asked for the rest), tcp.py,
resolver.py (serves one container).
"""
