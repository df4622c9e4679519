"""Remembers what each restored photo in a folder was made from."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deblur_lightning.commands.restore.options import Job
from deblur_lightning.errors import UserError
from deblur_lightning.files.images import refuse_irregular
from deblur_lightning.files.temporary import lock
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.restoring.model import sha256

NAME = ".restored.json"


@dataclass(frozen=True)
class Origin:
    """A source as it was when it was restored.

    Attributes:
        source: its path, absolute.
        size: in bytes.
        changed: when it last was, in nanoseconds.
        sha256: of its bytes, in hexadecimal digits.
    """

    source: str
    size: int
    changed: int
    sha256: str


class Provenance:
    """The restored photos of one folder, as its ``.restored.json`` tells.

    Args:
        folder: need not exist.

    Raises:
        UserError: that file is of something else, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._known = self._read()

    def complaint(self, job: Job) -> str:
        """Why the file at the job's target is not what the job is to make of its source; nothing where it is."""
        known = self._known.get(self._name(job))
        cure = "give another --out, or --overwrite"
        if known is None:
            return f"{job.target} is there already, and nothing says that it was made from {job.source}: {cure}"
        source, found = str(job.source.resolve()), job.source.stat()
        if (source, found.st_size, found.st_mtime_ns) == (known.source, known.size, known.changed):
            return ""
        if known.size == found.st_size and known.sha256 == sha256(job.source):
            return ""  # moved, or copied
        if known.source == source:
            return f"{job.target} was made from {job.source} before that changed: --overwrite makes it anew"
        return f"{job.target} is there already, made from {known.source} and not from {job.source}: {cure}"

    def note(self, job: Job) -> None:
        """Write down that the job's target is made from its source, beside what others have written meanwhile.

        Raises:
            UserError: the source cannot be read, or there is no room, or no right to write.
        """
        refuse_irregular(job.source)
        found = job.source.stat()
        path, digest = os.fspath(job.source.resolve()), sha256(job.source)
        origin = Origin(path, found.st_size, found.st_mtime_ns, digest)
        make_folder(self._folder)
        with lock(self._folder):
            self._known = self._read() | {self._name(job): origin}
            rows = {name: asdict(each) for name, each in self._known.items()}
            write_atomically(self._path, (json.dumps(rows, indent=0) + "\n").encode())

    def _name(self, job: Job) -> str:
        return job.target.relative_to(self._folder).as_posix()

    def _read(self) -> dict[str, Origin]:
        if not os.path.exists(self._path):
            return {}
        try:
            rows = json.loads(self._path.read_bytes())
            return {str(name): _origin(row) for name, row in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UserError(f"{self._path} is not what deblur restore writes: move it away.") from error


def _origin(row: Mapping[str, object]) -> Origin:
    origin = Origin(**row)  # type: ignore[arg-type]
    if [type(value) for value in asdict(origin).values()] != [str, int, int, str]:
        raise TypeError("values of other types")
    return origin
