"""The rows of ``scores.csv``: one for each run, image and metric."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from deblur_lightning.errors import UserError
from deblur_lightning.files.csv_tables import read_csv, write_csv
from deblur_lightning.fingerprints import alike


@dataclass(frozen=True)
class ScoreRecord:
    """One figure of one image, with everything that decides whether it may be compared with another.

    Attributes:
        run: folder of the run that trained the restorer.
        image: name in its source.
        split: "val" or "test".
        protocol: name of the metric's protocol, defined in ``metrics/psnr_ssim.py``.
        metric: "psnr" or "ssim", "..._blurred" for the blurred input, "..._gain" for the difference; of a classifier
            "correct" and "confidence".
        value: in the metric's unit (dB for PSNR; 1 or 0 for "correct").
        border, noise, rounding: how the input was made; see ``degradations.base.Conditions``.
        features: pretrained features that took part in the training.
        commit: of this package's checkout, or its version.
        checkpoint: start of the SHA-256 of the checkpoint's bytes.
        inputs: fingerprint of the blurred and the sharp image, or of the classified one; see ``fingerprints.py``.
    """

    run: str
    image: str
    split: str
    protocol: str
    metric: str
    value: float
    border: str
    noise: str
    rounding: str
    features: str
    commit: str
    checkpoint: str
    inputs: str

    @property
    def inverse_crime(self) -> bool:
        """Whether the blur was exactly the model that a filter inverts, as in no photograph."""
        return (self.border, self.noise, self.rounding) == ("circular", "none", "none")

    def key(self) -> tuple[str, ...]:
        """Columns by which a newer record replaces this one, if the inputs are alike too."""
        return (self.image, self.split, self.protocol, self.metric, self.checkpoint)

    def test(self) -> tuple[str, ...]:
        """Columns that must be equal in all records of one mean."""
        return (
            self.run,
            self.split,
            self.protocol,
            self.border,
            self.noise,
            self.rounding,
            self.features,
            self.checkpoint,
        )


COLUMNS = tuple(field.name for field in fields(ScoreRecord))


def read_scores(path: Path) -> list[ScoreRecord]:
    """The records of a ``scores.csv``.

    Raises:
        UserError: there is no such file, it has other columns than ``COLUMNS``, or a row is damaged.
    """
    if not path.is_file():  # a pipe would be waited for
        raise UserError(f"{path} is no file: move it away and test again.")
    try:
        header, rows = read_csv(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): move it away and test again.") from error
    if tuple(header) != COLUMNS:
        raise UserError(f"{path} was not written by this version: move it away and test again.")
    return [_record(row, f"{path}, row {number},") for number, row in enumerate(rows, start=1)]


def load(root: str | Path) -> Any:
    """All scores below ``root``, a folder of runs, as a pandas DataFrame with the columns of ``ScoreRecord``.

    Raises:
        UserError: there are none, a file of them is damaged, or pandas is not installed.

    Examples:
        >>> from pathlib import Path
        >>> from deblur_lightning.records import COLUMNS, load
        >>> row = ["runs/a/001", "1.png", "test", "rgb8", "psnr_gain", "1.5", *["none"] * 7]
        >>> _ = Path("scores.csv").write_text("\\n".join([",".join(COLUMNS), ",".join(row)]))
        >>> scores = load(".")
        >>> scores[scores.metric == "psnr_gain"].groupby("run").value.mean()["runs/a/001"]
        np.float64(1.5)
    """
    try:
        import pandas  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise UserError("a table of scores needs pandas: pip install pandas.") from error
    records = [record for path in sorted(Path(root).rglob("scores.csv")) for record in read_scores(path)]
    if not records:
        raise UserError(f"no scores.csv below {root}: deblur test leaves one in each run.")
    return pandas.DataFrame([astuple(record) for record in records], columns=list(COLUMNS))


def _record(row: dict[str, str], place: str) -> ScoreRecord:
    try:
        return ScoreRecord(**{**row, "value": float(row["value"])})  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{place} is damaged: move the file away and test again.") from error


def add_scores(path: Path, records: Iterable[ScoreRecord]) -> None:
    """Add ``records`` to the file; each replaces an older one with the same key and alike inputs."""
    kept: dict[tuple[str, ...], list[ScoreRecord]] = {}
    for record in [*(read_scores(path) if path.exists() else []), *records]:
        others = [other for other in kept.get(record.key(), []) if not alike(other.inputs, record.inputs)]
        kept[record.key()] = [*others, record]
    write_csv(path, COLUMNS, (_row(record) for group in kept.values() for record in group))


def mean_score(records: Sequence[ScoreRecord], metric: str) -> float:
    """The mean of ``metric`` over images.

    Raises:
        UserError: no such record; or records of several runs, checkpoints, protocols or conditions; or one image
            with two inputs.
    """
    chosen = [record for record in records if record.metric == metric]
    if not chosen:
        raise UserError(f"No record of {metric!r}: test the run first.")
    if len({record.test() for record in chosen}) > 1:
        raise UserError(f"The records of {metric!r} are of several tests: choose those of one run and checkpoint.")
    inputs: dict[str, str] = {}
    for record in chosen:
        if not alike(inputs.setdefault(record.image, record.inputs), record.inputs):
            raise UserError(f"{record.image} was scored on two different inputs: choose the records of one test.")
    return sum(record.value for record in chosen) / len(chosen)


def _row(record: ScoreRecord) -> list[str]:
    return [f"{value:.6f}" if isinstance(value, float) else str(value) for value in astuple(record)]
