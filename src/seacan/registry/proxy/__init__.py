"""A cache of another registry: what is asked for is fetched once, and served when that is down.

upstream.py    what is needed of the other registry; how it may fail
client.py      that, over urllib3
flights.py     one fetch for all who want the same
manifests.py   by digest for good, by tag as long as the other says the same
downloads.py   blobs, served while they come
routes.py      the routes that differ from those of a registry of our own
"""
