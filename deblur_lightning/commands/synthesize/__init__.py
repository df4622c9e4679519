"""synthesize: pairs of blurred and sharp images on disk, from a folder of sharp ones and an experiment's blur."""

from collections.abc import Sequence

HELP = """\
usage: deblur synthesize FOLDER --out OUT --config experiments/NAME.yaml [--config ...] [--data.KEY=VALUE ...]

Blur every image in FOLDER and below, whole, as the experiment's training images are blurred, and write

  OUT/sharp/NAME.png     the image itself, as 8-bit RGB
  OUT/blurred/NAME.png   the blurred image, of the same size
  OUT/manifest.csv       for each pair its source, its size, and whatever was drawn for its blur
  OUT/config.yaml        the images and the blur, to be laid over any experiment

NAME is the image's path below FOLDER. Seed and NAME alone decide its blur; on another kind of device a value may
differ by 1/255. The same command goes on where it was stopped, and takes in what has been added to FOLDER. Files
that it has not written itself are never replaced.

arguments:
  FOLDER                  sharp images, at any depth
  --out OUT               a folder that is new, empty, or from the same command
  --config FILE           an experiment, and what is laid over it; data.degradation and data.seed are what matters
  --data.KEY=VALUE        a setting in their place
  --device auto|cpu|cuda  what blurs (default: auto, the GPU where there is one)
  --workers N             images in work at a time (default: as many as cores, at most 8)

exit code: 0 every pair is there; 1 images that cannot be read, blurred or written were left out and are listed; 2 a
mistake, told in one line; 130 Ctrl-C

examples:
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml --data.degradation.length=[3,9]
  deblur synthesize PHOTOS --out PAIRS --config experiments/deblurgan.yaml --data.degradation=GaussianBlur --data.seed=3
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur synthesize``; returns lines about the images left out.

    Raises:
        UserError: a mistake in them.
    """
    # Torch and Lightning take seconds to import, which help need not wait for.
    from deblur_lightning.commands.synthesize.options import parse
    from deblur_lightning.commands.synthesize.run import make_pairs

    left_out = make_pairs(parse(argv))
    return [f"images left out: {len(left_out)}", *left_out] if left_out else []
