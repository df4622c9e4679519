"""score: figures of a folder of restored images, whoever restored them."""

from collections.abc import Sequence

from deblur_lightning.commands.strict_parser import StrictParser

DESCRIPTION = """\
Score restored images against the sharp ones of the same names, whoever restored them. Suffixes may differ; folders are
searched. All images are 8-bit RGB. The protocols:

  rgb8   this package's own: PSNR and SSIM of RGB, SSIM's window 11x11, reflected at the edges
  y8     PSNR and MATLAB's SSIM of the luma channel, as in papers on super-resolution and deraining
  gopro  PSNR as rgb8, MATLAB's SSIM of the RGB volume (window 11x11x11), as in papers on GoPro
  realblur  PSNR and SSIM after a registration by brightness and a homography, as in papers on RealBlur
  levin  after the best shift by quarters of a pixel, 15 pixels cut off at each edge; with --reference, the images
         restored with the true PSF, also the error ratio of Levin's set
  koehler  the best of the sharp frames that lie in a folder of the image's name, SHARP/NAME/*.png: PSNR of the
         luminance, after brightness and a whole shift, as in papers on Köhler's set"""

EPILOG = """\
exit code: 0 all was scored; 1 some images were left out and are listed; 2 a mistake, told in one line

examples:
  deblur score restored --sharp SHARP --blurred BLURRED
  deblur score restored --sharp SHARP --metric LPIPS --metric torchmetrics.image.VisualInformationFidelity
  deblur score runs/deblurgan/001/predictions --sharp SHARP --protocol gopro --csv scores-gopro.csv"""


def parser() -> StrictParser:
    """The arguments of ``deblur score``."""
    parser = StrictParser("deblur score", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("restored", metavar="RESTORED", nargs="?", help="the folder of restored images")
    parser.add_argument("--sharp", metavar="FOLDER", help="the sharp images, each with a restored one")
    parser.add_argument("--blurred", metavar="FOLDER", help="the blurred images, for the gain")
    protocol_help = "one of the above (default: %(default)s); only figures of one protocol may be compared"
    parser.add_argument("--protocol", metavar="NAME", default="rgb8", help=protocol_help)
    reference_help = "images restored with the true PSF, for the error ratio of --protocol=levin"
    parser.add_argument("--reference", metavar="FOLDER", help=reference_help)
    metric_help = "a further figure: LPIPS, DISTS, or the path of any metric's class; may be repeated"
    parser.add_argument("--metric", metavar="CLASS", action="append", default=[], help=metric_help)
    crop_help = "pixels cut off at each edge of all images (default: %(default)s)"
    parser.add_argument("--crop_border", metavar="N", type=int, default=0, help=crop_help)
    parser.add_argument("--csv", metavar="FILE", help="a table of each image's figures; an older file is replaced")
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Score the images and print a table; returns lines about those that were left out.

    Raises:
        UserError: an option does not fit, or there is nothing to score.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.score.run import score_folders

    return score_folders(given)
