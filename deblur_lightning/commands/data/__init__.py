"""``deblur data``: sets of images for experiments: what they are, fetched or checked."""

from collections.abc import Sequence

from deblur_lightning.commands.strict_parser import StrictParser

DESCRIPTION = """\
List the sets of images that experiments and papers use. With a name, say what the set is, its licence and how to get
it. With --root, fetch and unpack it there if its authors' server gives it to anyone, else look whether it is all there.
A download that was interrupted goes on; only files with the expected checksum are kept."""

EPILOG = """\
exit code: 0 the set is there; 1 something is missing, and is listed; 2 a mistake, told in one line

examples:
  deblur data
  deblur data gopro
  deblur data stl10 --root data/stl10"""


def parser() -> StrictParser:
    """The arguments of ``deblur data``."""
    parser = StrictParser("deblur data", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("name", metavar="NAME", nargs="?", help="a set; without it, all are listed")
    parser.add_argument("--root", metavar="FOLDER", help="where the set is, or is to be")
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """List sets, describe one, or fetch it; returns lines about what is missing.

    Raises:
        UserError: there is no such set, no room for it, or it cannot be fetched.
    """
    given = parser().parse(argv)
    # Torchvision takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.data.run import list_sets, prepare

    if given.name is None:
        list_sets()
        return []
    return prepare(given.name, given.root)
