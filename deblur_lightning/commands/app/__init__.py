"""app: a local page on which photos are restored."""

from collections.abc import Sequence
from importlib.util import find_spec

from deblur_lightning.commands.strict_parser import DEVICE_HELP, TRUST_HELP, StrictParser
from deblur_lightning.errors import UserError

DESCRIPTION = """\
Serve a page on this computer alone (127.0.0.1): drop photos, choose a model, slide between before and after or between
two models, read how blurred and noisy a photo is, download one result or all. It needs one package more: pip install
'deblur_lightning[app]'. Photos stay on this computer. Ctrl-C, SIGTERM and SIGHUP end the page and remove what was
uploaded to it."""

EPILOG = """\
exit code: 0 ended by Ctrl-C, SIGTERM or SIGHUP; 2 a mistake, told in one line

examples:
  deblur app
  deblur app --ckpt runs/nafnet_blind/001/checkpoints/best.ckpt --port 8000"""


def parser() -> StrictParser:
    """The arguments of ``deblur app``."""
    parser = StrictParser("deblur app", description=DESCRIPTION, epilog=EPILOG)
    ckpt_help = "a further model to choose, beside the shipped one: a checkpoint of deblur fit, or a .safetensors file"
    parser.add_argument("--ckpt", metavar="FILE", action="append", default=[], help=f"{ckpt_help}; may be repeated")
    parser.add_argument("--trust", metavar="MODULE", action="append", default=[], help=TRUST_HELP)
    parser.add_argument("--device", metavar="auto|cpu|cuda", default="auto", help=DEVICE_HELP)
    parser.add_argument("--port", metavar="N", default="7860", help="of the page's address (default: %(default)s)")
    suffix_help = "what a restored photo's name has after the photo's (default: %(default)s)"
    parser.add_argument("--suffix", metavar="TEXT", default="-restored", help=suffix_help)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Serve until the page is ended; nothing is ever left out.

    Raises:
        UserError: an option does not fit, a model cannot be loaded, or Gradio is not installed.
    """
    given = parser().parse(argv)
    if find_spec("gradio") is None:
        raise UserError("the page needs one package more: pip install 'deblur_lightning[app]'.")
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.app.run import serve_page

    serve_page(given)
    return []
