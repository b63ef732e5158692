"""Volumes without directories."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO

from msgspec.structs import replace

from seacan.engine.containers.filters import Filters
from seacan.engine.volumes import filters as volume_filters
from seacan.engine.volumes.prune import PrunedVolumes
from seacan.errors import NotFound
from seacan.volumes.volume import LOCAL, Found, Volume, check_name


class FakeVolumes:
    """Volumes in memory; `holders` are of all of them."""

    def __init__(self) -> None:
        self.volumes: dict[str, Volume] = {}
        self.holders: list[str] = []
        self.warnings: list[str] = []

    def create(
        self,
        name: str,
        driver: str,
        options: Mapping[str, str] | None,
        labels: Mapping[str, str] | None,
    ) -> Found:
        check_name(name)
        volume = Volume(name, driver or LOCAL, "2026-11-24T01:33:18Z", labels, options)
        self.volumes.setdefault(name, volume)
        return self.get(name)

    def get(self, name: str) -> Found:
        if name not in self.volumes:
            raise NotFound(f"get {name}: no such volume")
        return Found(self.volumes[name], f"/volumes/{name}/_data", self.holders)

    def all(self) -> list[Found]:
        return [self.get(name) for name in self.volumes]

    def list(self, wanted: Filters) -> tuple[Sequence[Found], Sequence[str]]:
        return volume_filters.select(self.all(), wanted), self.warnings

    def remove(self, name: str, *, force: bool) -> None:
        if self.volumes.pop(name, None) is None and not force:
            raise NotFound(f"get {name}: no such volume")

    def rename(self, name: str, to: str) -> None:
        volume = self.get(name).volume
        del self.volumes[name]
        self.volumes[to] = replace(volume, name=to)

    def prune(self, wanted: Filters) -> PrunedVolumes:
        names = [one.volume.name for one in volume_filters.select_unused(self.all(), wanted)]
        for name in names:
            del self.volumes[name]
        return PrunedVolumes(names, 7 * len(names))


class FakeVolumeCopies:
    """An export is the name of the volume; `archives` are what was imported, by name."""

    def __init__(self, volumes: FakeVolumes) -> None:
        self._volumes = volumes
        self.archives: dict[str, bytes] = {}

    def clone(self, source: str, name: str) -> Found:
        return self._volumes.create(name, "", None, self._volumes.get(source).volume.labels)

    def import_archive(
        self, name: str, archive: BinaryIO, labels: Mapping[str, str] | None
    ) -> Found:
        self.archives[name] = archive.read()
        return self._volumes.create(name, "", None, labels)

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        found = self._volumes.get(name)

        async def pieces() -> AsyncIterator[bytes]:
            yield found.volume.name.encode()

        yield pieces()
