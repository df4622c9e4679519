"""The experiments that come with the package: in a clone the folder at its top, in an installation a copy of it."""

from difflib import get_close_matches
from pathlib import Path

from deblur_lightning.errors import UserError

_PACKAGE = Path(__file__).parents[1]


def experiments_folder() -> Path:
    """Where they lie."""
    installed = _PACKAGE / "experiments"
    return installed if installed.is_dir() else _PACKAGE.parent / "experiments"


def experiment_names() -> list[str]:
    """All names, such as "deblurgan"; what is laid over an experiment has a folder: "data/stl10"."""
    folder = experiments_folder()
    paths = (path for path in folder.rglob("*.yaml") if path.name != "claims.yaml")
    return sorted((path.relative_to(folder).with_suffix("").as_posix() for path in paths), key=lambda n: ("/" in n, n))


def experiment_path(given: str) -> Path:
    """The YAML file that is meant: one of the user's, or an experiment by its name or by its path in a clone.

    Args:
        given: such as "mine.yaml", "deblurgan" or "experiments/deblurgan.yaml".

    Raises:
        UserError: there is neither.
    """
    path = Path(given)
    if path.is_file():
        return path
    name = given.removeprefix("experiments/").removesuffix(".yaml")
    names = experiment_names()
    if name in names:
        return experiments_folder() / f"{name}.yaml"
    near = get_close_matches(name, names, n=1)
    cure = f"did you mean {near[0]}? " if near else ""
    raise UserError(f"no file {given}, and no experiment of that name: {cure}deblur experiments lists them.")


def claims_path() -> Path:
    """The reports' claims: of the clone that one is in, or else of the package."""
    here = Path("experiments/claims.yaml")
    return here if here.is_file() else experiments_folder() / here.name


def with_experiment_paths(argv: list[str]) -> list[str]:
    """``argv`` with the path of a file wherever ``--config`` names an experiment.

    Raises:
        UserError: there is no such file or experiment.
    """
    result: list[str] = []
    for argument in argv:
        if result and result[-1] in ("--config", "-c"):
            result.append(str(experiment_path(argument)))
        elif argument.startswith("--config="):
            result.append(f"--config={experiment_path(argument.partition('=')[2])}")
        else:
            result.append(argument)
    return result
