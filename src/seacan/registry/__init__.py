"""A registry of images: OCI distribution-spec 1.1 over a directory of blobs.

    python -m seacan.registry serve|verify     what `seacan registry` executes

In reading order: __main__.py, flags.py, settings.py, server.py (the wiring); door.py (from a path
to a route) with access.py, errors.py, names.py, bodies.py; routes/ (one file per resource);
status.py with metrics.py.
auth/ and proxy/ are imported if they are configured.
What is kept: store.py (the directory), database.py (the tables), blobs.py, uploads.py,
manifests.py with document.py, listings.py; garbage.py, verify.py.
"""
