"""experiments: lists the experiments that come with the package, and shows one."""

import shutil
import textwrap
from collections.abc import Sequence

from deblur_lightning.commands.strict_parser import StrictParser
from deblur_lightning.errors import UserError
from deblur_lightning.files.experiments import experiment_names, experiment_path

DESCRIPTION = """\
List the experiments, or show one as YAML. --config takes their names: deblur fit --config deblurgan.
Those with a folder in their name are laid over another: deblur fit --config deblurgan --config presets/quick."""

EPILOG = """\
examples:
  deblur experiments
  deblur experiments show deblurgan > mine.yaml"""


def parser() -> StrictParser:
    """The arguments of ``deblur experiments``."""
    parser = StrictParser("deblur experiments", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("action", metavar="show NAME", nargs="*", help="print the experiment's file")
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Print; nothing is ever left out.

    Raises:
        UserError: there is no such experiment, or no such action.
    """
    action = parser().parse(argv).action
    if not action:
        for name in experiment_names():
            print(_entry(name))
    elif len(action) == 2 and action[0] == "show":
        print(experiment_path(action[1]).read_text(encoding="utf-8"), end="")
    else:
        raise UserError(f"deblur experiments {' '.join(action)}: give nothing for the list, or show NAME.")
    return []


def _entry(name: str) -> str:
    """The name and the first line of the file's header, within the terminal's width."""
    first = experiment_path(name).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    indent = " " * 26
    width = max(50, shutil.get_terminal_size().columns)
    return textwrap.fill(first, width, initial_indent=f"{name:<26}", subsequent_indent=indent)
