"""restore: photos in, restored photos out, as files of the same kind."""

from collections.abc import Sequence

from deblur_lightning.commands.strict_parser import CKPT_HELP, DEVICE_HELP, TRUST_HELP, StrictParser

DESCRIPTION = """\
Restore blurred photos without being told what blurred them. Each becomes a file of the same name, format, size and
mode in OUT; what lies in a FOLDER keeps its place below it. Rotation by EXIF is applied; transparency, colour
profile, EXIF and resolution are kept; JPEG files are compressed as their originals were. 16-bit files stay 16-bit.
Files that are in OUT already are left alone, so that the same command goes on where it was stopped: OUT/.restored.json
says what each was made from. A file that was made from something else is named in a line."""

USAGE = """\
deblur restore PHOTO|FOLDER... --out OUT [options]
       deblur restore PHOTO --out NAME.jpg|NAME.png|... [options]"""

EPILOG = """\
exit code: 0 every photo is there; 1 photos that cannot be read, restored or written were left out and are listed;
2 a mistake, told in one line; 130 Ctrl-C

examples:
  deblur restore holiday.jpg --out sharp.png
  deblur restore PHOTOS --out restored --report
  deblur restore PHOTOS --out restored --ckpt runs/nafnet_blind/001/checkpoints/best.ckpt --tta"""


def parser() -> StrictParser:
    """The arguments of ``deblur restore``."""
    parser = StrictParser("deblur restore", usage=USAGE, description=DESCRIPTION, epilog=EPILOG)
    photos_help = "photos: JPEG, PNG, WebP, TIFF, AVIF and what else Pillow reads; HEIC and raw by the packages of "
    photos_help += "deblur_lightning[photos]; folders are searched through"
    parser.add_argument("photos", metavar="PHOTO|FOLDER", nargs="*", help=photos_help)
    out_help = "a folder; it is not searched itself, and a photo never replaces itself. For one photo it may be a file "
    parser.add_argument("--out", metavar="OUT", help=f"{out_help}(NAME.jpg, NAME.png ...), which decides the format")
    format_help = "what all photos are written as (default: as they were read; HEIC as PNG, raw as TIFF)"
    parser.add_argument("--format", metavar="avif|jpeg|png|tiff|webp", help=format_help)
    parser.add_argument("--ckpt", metavar="FILE", help=CKPT_HELP)
    parser.add_argument("--trust", metavar="MODULE", action="append", default=[], help=TRUST_HELP)
    parser.add_argument("--device", metavar="auto|cpu|cuda", default="auto", help=DEVICE_HELP)
    tile_help = "side of the tiles in pixels (default: %(default)s); smaller ones need less memory"
    parser.add_argument("--tile", metavar="auto|N", default="auto", help=tile_help)
    tta_help = "restore eight flipped and turned versions and take their mean: a little better, 8 times slower"
    parser.add_argument("--tta", action="store_true", help=tta_help)
    fast_help = "do not look for one PSF that has blurred the whole photo: photos that were shaken gain less"
    parser.add_argument("--fast", action="store_true", help=fast_help)
    frames_help = "refuse animated files, or restore the first frame, or page, alone (default: %(default)s)"
    parser.add_argument("--frames", metavar="refuse|first", default="refuse", help=frames_help)
    check_help = "measure how far tiles are from the whole image, on the middle of each photo"
    parser.add_argument("--check", action="store_true", help=check_help)
    report_help = "estimate each photo's blur and noise, warn where the model has learned nothing like it, and write "
    report_help += "OUT/restoring-report: a table, and pictures of before and after"
    parser.add_argument("--report", action="store_true", help=report_help)
    overwrite_help = "restore again what is in OUT already, whatever it was made from"
    parser.add_argument("--overwrite", action="store_true", help=overwrite_help)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Restore the photos; returns lines about those that were left out.

    Raises:
        UserError: something is missing, or does not fit.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.restore.options import check
    from deblur_lightning.commands.restore.run import restore_photos

    return restore_photos(check(given))
