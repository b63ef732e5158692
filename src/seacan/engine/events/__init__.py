"""What happens in the daemon: events.py (told to who listens), log.py (kept), filters.py."""
