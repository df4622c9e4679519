"""synthesize: pairs of blurred and sharp images on disk, from a folder of sharp ones and an experiment's blur."""

import os
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence

from jsonargparse import ArgumentParser

from deblur_lightning.commands.strict_parser import DEVICE_HELP

DESCRIPTION = """\
Blur every image in FOLDER and below, whole, as the experiment's training images are blurred, and write

  OUT/sharp/NAME.png     the image itself, as 8-bit RGB
  OUT/blurred/NAME.png   the blurred image, of the same size
  OUT/manifest.csv       for each pair its source, its size, and whatever was drawn for its blur
  OUT/config.yaml        the images and the blur, to be laid over any experiment

NAME is the image's path below FOLDER. Seed and NAME alone decide its blur; on another kind of device a value may
differ by 1/255. The same command goes on where it was stopped, and takes in what has been added to FOLDER. Files
that it has not written itself are never replaced.

--data.KEY=VALUE changes a setting of the experiment, such as --data.degradation.length=[3,9]."""

EPILOG = """\
exit code: 0 every pair is there; 1 images that cannot be read, blurred or written were left out and are listed; 2 a
mistake, told in one line; 130 Ctrl-C

examples:
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml --data.degradation.length=[3,9]
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml --data.degradation=GaussianBlur"""


def parser() -> ArgumentParser:
    """The arguments of ``deblur synthesize``, but for the settings of the experiment, which take seconds to import."""
    parser = ArgumentParser(
        prog="deblur synthesize",
        usage="deblur synthesize FOLDER --out OUT --config FILE [--config FILE ...] [--data.KEY=VALUE ...] [options]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        print_config=None,
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("folders", metavar="FOLDER", type=str, nargs="*", help="sharp images, at any depth")
    out_help = "a folder that is new, empty, or from the same command"
    parser.add_argument("--out", metavar="OUT", type=str | None, help=out_help)
    config_help = "an experiment, and what is laid over it; data.degradation and data.seed are what matters"
    parser.add_argument("--config", metavar="FILE", action="config", help=config_help)
    parser.add_argument("--device", metavar="auto|cpu|cuda", type=str, default="auto", help=DEVICE_HELP)
    workers_help = "images in work at a time (default: as many as cores, at most 8)"
    parser.add_argument("--workers", metavar="N", type=int, default=min(8, os.cpu_count() or 1), help=workers_help)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Make the pairs; returns lines about the images left out.

    Raises:
        UserError: something is missing, unknown, or does not fit.
    """
    # Torch and Lightning take seconds to import, which help need not wait for.
    from deblur_lightning.commands.synthesize.options import parse
    from deblur_lightning.commands.synthesize.run import make_pairs

    left_out = make_pairs(parse(parser(), argv))
    return [f"images left out: {len(left_out)}", *left_out] if left_out else []
