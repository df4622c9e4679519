"""A folder of blurred and sharp pairs: what is in it, and its manifest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from deblur_lightning.errors import UserError
from deblur_lightning.files.csv_tables import csv_text, read_csv
from deblur_lightning.files.images import image_size
from deblur_lightning.files.moved_names import with_names_of_today
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.sources.files import image_names

SIDES = ("sharp", "blurred")
FIXED = ("name", "source", "height", "width", "seed", "index")
CURE = "give an --out that is new, empty, or from the same command"


@dataclass(frozen=True)
class Pair:
    """One image and what is made of it.

    Attributes:
        name: of both files, a path below ``sharp`` and ``blurred``.
        source: path of the image below its folder.
    """

    name: str
    source: str

    @property
    def index(self) -> int:
        """What its draws are counted by: a hash, so that images may be added without changing the others' blur."""
        digest = blake2b(self.name.encode(errors="surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 2


def pairs_below(folder: Path) -> list[Pair]:
    """The pairs to be made of the images in ``folder``, sorted by name.

    Raises:
        UserError: there are no images, or two that only their suffixes tell apart.
    """
    sources: dict[str, str] = {}
    for source in image_names(folder, folder, broken_links=True):
        name = str(PurePosixPath(source).with_suffix(".png"))
        if name in sources:
            raise UserError(f"{folder / sources[name]} and {source} would both become {name}: rename one of them.")
        sources[name] = source
    return [Pair(name, sources[name]) for name in sorted(sources)]


class PairFolder:
    """Where pairs go.

    Args:
        root: the folder; it need not exist.
        pairs: what it is to hold.
        settings: what decides the pairs; kept in ``config.yaml``.

    Attributes:
        missing: those pairs of which a file is not there yet.

    Raises:
        UserError: there are files that would be replaced and are not from an earlier call with the same settings.
    """

    def __init__(self, root: Path, pairs: list[Pair], settings: Mapping[str, Any]) -> None:
        self.root = root
        self._pairs = pairs
        self._settings = settings
        self._check_config()
        self._known = {row["name"]: row for row in self._rows_on_disk()}
        self._check_targets()
        self.missing = [pair for pair in pairs if not self._is_there(pair.name)]

    def files(self, name: str) -> list[Path]:
        """The sharp and the blurred file of a pair."""
        return [self.root / side / name for side in SIDES]

    def begin(self, drawn: Mapping[str, Mapping[int, float]], seed: int) -> None:
        """Write down the settings, and every pair that there will be.

        The sizes of new pairs stay empty until ``finish``. From now on files under the pairs' names are ours.

        Args:
            drawn: for each parameter its value at each pair's index, where it was drawn.
            seed: of the draws.

        Raises:
            UserError: a process with other settings has just taken the folder; it cannot be written to.
        """
        make_folder(self.root)
        settings = yaml.safe_dump(self._settings, sort_keys=False).encode()
        if not write_atomically(self.root / "config.yaml", settings, replace=False):
            self._check_config()  # another process may have come first, with other settings
        former = {name: row for name, row in self._known.items() if self._is_there(name)}
        self._known = {pair.name: _row(pair, drawn, seed) for pair in self._pairs} | former
        for parent in {file.parent for name in self._known for file in self.files(name)}:
            make_folder(parent)
        self._write_manifest()

    def finish(self) -> int:
        """Reduce the manifest to the pairs that are there, add their sizes, and return their number."""
        self._known = {name: row for name, row in self._known.items() if self._is_there(name)}
        for name, row in self._known.items():
            if not row["height"]:
                row["height"], row["width"] = map(str, image_size(self.files(name)[0]))
        self._write_manifest()
        return len(self._known)

    def _is_there(self, name: str) -> bool:
        return all(file.is_file() for file in self.files(name))

    def _check_config(self) -> None:
        path = self.root / "config.yaml"
        if self.root.exists() and not self.root.is_dir():
            raise UserError(f"{self.root} is a file: {CURE}.")
        if not path.exists():
            strangers = sorted(self.root.glob("[!.]*"))
            if strangers:
                raise UserError(f"{strangers[0]} was there before, and not from deblur synthesize: {CURE}.")
            return
        former, present = dict(_leaves(_yaml(path))), dict(_leaves(self._settings))
        if not {"data.source.init_args.root", "data.degradation.class_path"} <= former.keys():
            raise UserError(f"{path} is not from deblur synthesize: {CURE}.")
        for key in [*former, *present]:
            if former.get(key) != present.get(key):
                raise UserError(f"{path} says {key}={former.get(key)}, this command {present.get(key)}: {CURE}.")

    def _check_targets(self) -> None:
        for pair in self._pairs:
            if self._known.get(pair.name, {}).get("source") == pair.source:
                continue
            for file in self.files(pair.name):
                if file.exists():
                    raise UserError(f"{file} is there already, and not made of {pair.source}: move it away, or {CURE}.")

    def _rows_on_disk(self) -> list[dict[str, str]]:
        path = self.root / "manifest.csv"
        if not path.exists():
            return []
        try:
            _, rows = read_csv(path)
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error}): {CURE}.") from error
        if any(not set(FIXED) <= row.keys() for row in rows):
            raise UserError(f"{path} is not from deblur synthesize: {CURE}.")
        return rows

    def _write_manifest(self) -> None:
        rows = [self._known[name] for name in sorted(self._known)]
        parameters = sorted({key for row in rows for key in row}.difference(FIXED))
        columns = [*FIXED, *parameters]
        text = csv_text(columns, ([row.get(column, "") for column in columns] for row in rows))
        _update(self.root / "manifest.csv", text.encode("utf-8", errors="surrogateescape"))


def _row(pair: Pair, drawn: Mapping[str, Mapping[int, float]], seed: int) -> dict[str, str]:
    index = pair.index
    fixed = dict(zip(FIXED, (pair.name, pair.source, "", "", str(seed), str(index)), strict=True))
    return fixed | {stream: str(values[index]) for stream, values in drawn.items() if index in values}


def _update(path: Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data)


def _yaml(path: Path) -> Any:
    try:
        return with_names_of_today(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _leaves(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of nested mappings and lists, under its dotted key."""
    branches: Iterable[tuple[Any, Any]]
    if isinstance(tree, Mapping):
        branches = tree.items()
    elif isinstance(tree, list) and any(isinstance(value, Mapping | list) for value in tree):
        branches = enumerate(tree)
    else:
        yield key, tree
        return
    for name, branch in branches:
        yield from _leaves(branch, f"{key}.{name}" if key else str(name))
