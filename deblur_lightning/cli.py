"""The ``deblur`` command: prints help and version itself, and hands all else to a subcommand."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from deblur_lightning import __version__

SUBCOMMANDS = {
    "experiments": "list the experiments that come with the package, or show one",
    "data": "list sets of images, say what one is, fetch it or check it",
    "fit": "train a restorer",
    "validate": "score a checkpoint on the validation images",
    "test": "score a checkpoint on the test images: a table, and scores.csv in the run",
    "predict": "restore the test images with a checkpoint, as PNG files in the run",
    "restore": "restore photos and folders of them, by the model that comes with the package or another",
    "app": "restore photos on a local page",
    "score": "score a folder of restored images against the sharp ones, under the protocols of papers too",
    "export": "write a checkpoint's network as a .safetensors or .onnx file",
    "synthesize": "blur a folder of images into pairs of files, by an experiment's degradation",
    "reproduce": "run again what the reports claim, and write the ledger of verdicts",
    "study": "compare methods of one's own choice on sets and seeds: tables for a paper, intervals, p-values",
    "report": "write the summary page of everything that has been run: tables, curves, pictures",
}

OWN = ("app", "data", "experiments", "export", "report", "reproduce", "restore", "score", "study", "synthesize")
"""Subcommands that Lightning has no part in.

Each has a package in ``commands`` with its ``parser()``, and ``execute``, which returns lines about what was left out.
"""

FAILED, MISTAKE, INTERRUPTED, UNREAD = 1, 2, 130, 141

HELP = f"""\
usage: deblur SUBCOMMAND [options]

Train, score and use image deblurring methods.

subcommands:
{"".join(f"  {name:<12}{what}{chr(10)}" for name, what in SUBCOMMANDS.items())}
options:
  -h, --help  this text; deblur SUBCOMMAND --help lists a subcommand's options
  --version   the version and the subcommands

examples:
  deblur experiments
  deblur fit --config experiments/deblurgan.yaml
  deblur fit --config experiments/deblurgan.yaml --config experiments/presets/quick.yaml
  deblur fit --config experiments/deblurgan.yaml --data.source=Folder --data.source.root=PHOTOS
  deblur fit --config runs/deblurgan/001/config.yaml --ckpt_path runs/deblurgan/001/checkpoints/last.ckpt
  deblur test --config runs/deblurgan/001/config.yaml --ckpt_path runs/deblurgan/001/checkpoints/best.ckpt
  deblur restore PHOTOS --out restored
  deblur app
  deblur score restored --sharp SHARP --protocol gopro
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml
  deblur reproduce --all --budget quick
  deblur study studies/srcnn_blurs --jobs 2
  deblur report --out report
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line ``argv``, by default the process's own.

    Raises:
        SystemExit: 2 after a mistake of the user, which is told in one line on the standard error; 1 when something
            was left out, which is listed there; 130 after Ctrl-C; 141 where nobody reads the output any more.
    """
    try:
        _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:  # as of "deblur experiments | head -1"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains as it ends
        raise SystemExit(UNREAD) from None


def _run(arguments: list[str]) -> None:
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help"):
        print(HELP, end="")
    elif first == "--version":
        print(f"deblur {__version__} (subcommands: {', '.join(SUBCOMMANDS)})")
    elif first not in SUBCOMMANDS:
        print(f"deblur: error: no subcommand {first!r}: choose from {', '.join(SUBCOMMANDS)}.", file=sys.stderr)
        raise SystemExit(MISTAKE)
    elif first in OWN:
        _run_own(first, arguments[1:])
    else:
        # Lightning takes seconds to import, which help and version need not wait for.
        from deblur_lightning.commands.experiment.run import run

        run(arguments)


def _run_own(name: str, arguments: Sequence[str]) -> None:
    command = import_module(f"deblur_lightning.commands.{name}")
    if "-h" in arguments or "--help" in arguments:
        print(command.parser().format_help(), end="")
        return
    try:
        left_out = command.execute(arguments)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        raise
    except Exception as error:
        from deblur_lightning.commands.mistakes import one_line

        line = one_line(error)
        if line is None:
            raise
        print(f"deblur: error: {line}", file=sys.stderr)
        raise SystemExit(MISTAKE) from None
    if left_out:
        print("deblur: error: " + "\n  ".join(left_out), file=sys.stderr)
        raise SystemExit(FAILED)
