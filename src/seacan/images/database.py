"""The tables of images in the daemon's database (SQLite), beside those of the engine.

images            one row an image; its documents are blobs
image_references  name → image: `docker.io/library/busybox:latest`, or with a digest
reference_indexes the index that a name came with, if it did
index_manifests   what an index names of manifests of images, which may be here or not
index_blobs       what an index needs of the blobs beyond those images: documents
image_layers      the layers of an image, the lowest at position 0
image_parents     the image that one was made from, while both are here
image_blobs       what an image needs of the blobs: manifest, config, layers
layers            one row an unpacked layer, known by its chain id: all below it count
layer_holds       layers of containers, which may outlive their image
build_results     what steps of builds came to, by the key of all that they were made of
"""

from pathlib import Path
from typing import Final

from seacan import sqlite

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS images_by_manifest ON images (manifest);
CREATE TABLE IF NOT EXISTS image_references (
    name TEXT PRIMARY KEY,
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tagged_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS image_references_by_image ON image_references (image);
CREATE TABLE IF NOT EXISTS reference_indexes (
    name TEXT PRIMARY KEY REFERENCES image_references (name) ON DELETE CASCADE,
    index_digest TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS reference_indexes_by_index ON reference_indexes (index_digest);
CREATE TABLE IF NOT EXISTS index_manifests (
    index_digest TEXT NOT NULL,
    position INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    PRIMARY KEY (index_digest, position)
);
CREATE INDEX IF NOT EXISTS index_manifests_by_manifest ON index_manifests (manifest);
CREATE TABLE IF NOT EXISTS index_blobs (
    index_digest TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (index_digest, digest)
);
CREATE TABLE IF NOT EXISTS image_parents (
    image TEXT PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    parent TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS image_parents_by_parent ON image_parents (parent);
CREATE TABLE IF NOT EXISTS layers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    chain_id TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS image_layers (
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    layer INTEGER NOT NULL REFERENCES layers (number),
    PRIMARY KEY (image, position)
);
CREATE INDEX IF NOT EXISTS image_layers_by_layer ON image_layers (layer);
CREATE TABLE IF NOT EXISTS image_blobs (
    image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (image, digest)
);
CREATE TABLE IF NOT EXISTS layer_holds (
    holder TEXT NOT NULL,
    position INTEGER NOT NULL,
    layer INTEGER NOT NULL REFERENCES layers (number),
    PRIMARY KEY (holder, position)
);
CREATE INDEX IF NOT EXISTS layer_holds_by_layer ON layer_holds (layer);
CREATE TABLE IF NOT EXISTS build_results (
    key TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    description TEXT NOT NULL,
    layer INTEGER REFERENCES layers (number),
    digest TEXT,
    archive_bytes INTEGER NOT NULL,
    made_at REAL NOT NULL,
    used_at REAL NOT NULL,
    uses INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS build_results_by_layer ON build_results (layer);
"""


class Database(sqlite.Database):
    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLES)
