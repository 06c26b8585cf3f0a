"""
A disk that can be filled: a small file system in memory, else a limit on the size of files.

Only root may mount; everybody may limit its own processes. Either way it is the operating
system that refuses the write, in the real process.
"""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.chaos.fleet import Fleet

SIZE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 4096


class Disk(Protocol):
    """Where the database lies."""

    folder: Path
    kind: str

    def fill(self, fleet: Fleet) -> None:
        """Leave no room for another page."""

    def free(self, fleet: Fleet) -> None:
        """Give the room back."""


class SmallFileSystem:
    """A file system of a few megabytes, filled by a file that is in the way."""

    kind = "small file system"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, fleet: Fleet) -> None:
        """Write until the file system takes no more."""
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while ballast.write(b"x" * CHUNK_BYTES):
                    pass
            except OSError:
                return

    def free(self, fleet: Fleet) -> None:
        """Remove what is in the way."""
        self._ballast.unlink()


class FileSizeLimit:
    """No file may grow any longer: a limit on each process, which can be lifted again."""

    kind = "limit on file sizes"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, fleet: Fleet) -> None:
        """Limit the processes that run and those that will be started."""
        for replica in fleet.replicas.values():
            replica.on_start = _forbid_growth
            _forbid_growth(replica.pid)

    def free(self, fleet: Fleet) -> None:
        """Lift the limit."""
        for replica in fleet.replicas.values():
            replica.on_start = lambda pid: None
            _limit(replica.pid, resource.RLIM_INFINITY)


def _forbid_growth(pid: int) -> None:
    _limit(pid, CHUNK_BYTES)


def _limit(pid: int, size_bytes: int) -> None:
    if sys.platform != "linux":
        raise NotImplementedError("limits of other processes can be set on Linux only")
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))


@contextmanager
def use_disk(folder: Path, *, is_mounted: bool) -> Iterator[Disk]:
    """
    Give a disk below *folder*, a small file system of its own where that is wanted and allowed.

    Where it is not allowed, the limit on file sizes takes its place.
    """
    place = folder / "disk"
    place.mkdir()
    if not is_mounted or not _mount(place):
        yield FileSizeLimit(place)
        return
    try:
        yield SmallFileSystem(place)
    finally:
        # Lazily: a process that is just being ended may still have a file open there.
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(place: Path) -> bool:
    if shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
