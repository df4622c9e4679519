"""``deblur study``: runs one's own comparison of methods, and writes its tables, figure and sentences."""

from collections.abc import Sequence

from deblur_lightning.commands.reproduce.options import add_run_options
from deblur_lightning.commands.strict_parser import StrictParser

DESCRIPTION = """\
Train and test every method of a study on every set with every seed, finished runs kept, broken ones continued. Ends
with study.md, study.tex (booktabs), study.csv, comparisons.csv and study.pdf in OUT: means with 95 % intervals over
seeds and images, differences in pairs with p-values corrected by Holm, and the sentences that may be claimed."""

EPILOG = """\
a study is a YAML file:
  methods:                                # what is compared; any number
    small: {experiment: srcnn_915}        # an experiment's name, or the path of a YAML of your own
    large: {experiment: srcnn_9315, settings: [--model.lr=1e-3], words: SRCNN 9-3-1-5}
  sets:                                   # what all are trained and tested on
    box: {settings: ["--data.degradation={class_path: BoxBlur, init_args: {width: [5, 5]}}"]}
  seeds: 3
  metrics: [psnr_gain, ssim_gain]         # also psnr, ssim, mse, correct; lpips_alex, lpips_vgg, dists
  settings: [--trainer.max_epochs=1]      # of all of them
  against: small                          # compare all others with this one; without it, each with each

exit code: 0 everything was run; 1 runs failed, and are listed; 2 a mistake, told in one line; 130 Ctrl-C: the same
command goes on from there

examples:
  deblur study studies/srcnn_blurs --list
  deblur study mine.yaml --data FOLDER --jobs 2
  deblur study mine.yaml --shard 1/4 --export scores
  deblur study mine.yaml --import scores"""


def parser() -> StrictParser:
    """The arguments of ``deblur study``."""
    parser = StrictParser("deblur study", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("study", metavar="STUDY", help="a YAML file, or the name of one that comes with the package")
    parser.add_argument("--data", metavar="FOLDER", help="the folder that {data} in the study stands for")
    parser.add_argument("--runs", metavar="FOLDER", help="where the runs lie (default: runs/studies/NAME)")
    parser.add_argument("--out", metavar="FOLDER", help="where the results go (default: results, beside the runs)")
    add_run_options(parser)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Make the runs and the results; returns lines about the runs that failed.

    Raises:
        UserError: something is missing, or does not fit.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.study.run import run_study

    failed = run_study(given)
    return ["runs failed, see their log.txt:", *failed] if failed else []
