"""The ``deblur`` command: help and version at once, everything else from the subcommand asked for."""

import sys
from collections.abc import Sequence

from deblur_lightning import __version__

SUBCOMMANDS = {
    "fit": "train a restorer",
    "validate": "score a checkpoint on the validation images",
    "test": "score a checkpoint on the test images: a table, and scores.csv in the run",
    "predict": "restore the test images with a checkpoint, as PNG files in the run",
    "synthesize": "blur a folder of images into pairs of files, by an experiment's degradation",
}

HELP = f"""\
usage: deblur SUBCOMMAND [options]

Train, score and use image deblurring methods.

subcommands:
{"".join(f"  {name:<12}{what}{chr(10)}" for name, what in SUBCOMMANDS.items())}
options:
  -h, --help  this text; deblur SUBCOMMAND --help lists a subcommand's options
  --version   the version and the subcommands

examples:
  deblur fit --config experiments/deblurgan.yaml
  deblur fit --config experiments/deblurgan.yaml --config experiments/presets/quick.yaml
  deblur fit --config experiments/deblurgan.yaml --data.source=Folder --data.source.root=PHOTOS
  deblur fit --config RUN/config.yaml --ckpt_path RUN/checkpoints/last.ckpt
  deblur test --config RUN/config.yaml --ckpt_path RUN/checkpoints/best.ckpt
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line ``argv``, by default the process's own.

    Raises:
        SystemExit: 2 after a mistake of the user, which is told in one line on the standard error.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help"):
        print(HELP, end="")
    elif first == "--version":
        print(f"deblur {__version__} (subcommands: {', '.join(SUBCOMMANDS)})")
    elif first not in SUBCOMMANDS:
        print(f"deblur: error: no subcommand {first!r}: choose from {', '.join(SUBCOMMANDS)}.", file=sys.stderr)
        raise SystemExit(2)
    elif first == "synthesize":
        from deblur_lightning.commands import synthesize

        synthesize.run(arguments[1:])
    else:
        # Lightning takes seconds to import, which help and version need not wait for.
        from deblur_lightning.commands.experiment import run

        run(arguments)
