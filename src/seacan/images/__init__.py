"""Images: how they come in, how they are kept, and what containers get of them.

    archive, root file system ─► staged files ─► blobs (an OCI layout)
                                      └────────► layers, unpacked ─► lower directories of overlayfs

In reading order: image.py (the records), images.py (all that the engine asks for), catalog.py (the
images that are here), store.py, and what it consists of: database.py, blobs.py, layers.py;
indexes.py with choice.py (several platforms of a name), manifests.py, made.py; snapshots.py.
Coming in: archive.py with archive_files.py, layout.py and loading.py (load), importer.py (import),
hello.py; commit.py (from a container), building.py (from a Dockerfile); progress.py, what is told
meanwhile.
Unpacking: compression.py, tar.py, sparse.py, unpack.py; trees.py removes what was unpacked.
Writing archives: tar_writer.py. Registries: remote/, with progress.py and compaction.py.
Going out: saving.py (save). Checking what is kept: check.py, comparison.py (layers).
Names and documents: references.py, patterns.py, platforms.py, documents.py, history.py; removal.py
(what rmi may do).
"""
