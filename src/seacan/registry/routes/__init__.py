"""One file per resource of the specification; what they do is in the store.

base.py, blobs.py, uploads.py, manifests.py, lists.py; each has routes().
"""
