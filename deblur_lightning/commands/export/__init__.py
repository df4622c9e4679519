"""export: the network of a checkpoint as a file of its own."""

import os
from collections.abc import Sequence
from pathlib import Path

from deblur_lightning.commands.strict_parser import CKPT_HELP, TRUST_HELP, StrictParser
from deblur_lightning.errors import UserError

DESCRIPTION = """\
Write the network of a checkpoint, with the weights that restore, as one file.

  .safetensors  for deblur restore --ckpt; holds the network's settings too
  .onnx         for ONNX Runtime and others, for images (N, C, H, W) in [0, 1] of any size; compared with torch where
                ONNX Runtime is installed (pip install 'deblur_lightning[onnx]')
  .pth          a NAFNet's weights as its authors' code reads them"""

EPILOG = """\
exit code: 0 the file is there; 2 a mistake, told in one line

examples:
  deblur export --ckpt runs/nafnet_blind/001/checkpoints/best.ckpt --out mine.safetensors
  deblur export --out shipped.onnx"""


def parser() -> StrictParser:
    """The arguments of ``deblur export``."""
    parser = StrictParser("deblur export", description=DESCRIPTION, epilog=EPILOG)
    out_help = "where to, a .safetensors, .onnx or .pth file; an existing file is not replaced"
    parser.add_argument("--out", metavar="FILE", default="", help=out_help)
    parser.add_argument("--ckpt", metavar="FILE", help=CKPT_HELP)
    parser.add_argument("--trust", metavar="MODULE", action="append", default=[], help=TRUST_HELP)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Write the file; nothing is ever left out.

    Raises:
        UserError: an option does not fit, or the file cannot be written.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.files.writing import check_room
    from deblur_lightning.restoring.export import export_onnx, export_pth, export_safetensors
    from deblur_lightning.restoring.model import load_model

    out = _place(given.out)
    model = load_model(None if given.ckpt is None else Path(given.ckpt).expanduser(), given.trust)
    check_room(out, sum(value.nbytes for value in model.network.state_dict().values()))
    if out.suffix == ".safetensors":
        export_safetensors(model, out)
    elif out.suffix == ".pth":
        export_pth(model, out)
    else:
        print(f"checked   {export_onnx(model, out)}")
    print(f"exported  {out}: {type(model.network).__name__}, {out.stat().st_size / 1e6:.1f} MB")
    return []


def _place(given: str) -> Path:
    out = Path(given).expanduser()
    if out.suffix not in (".safetensors", ".onnx", ".pth"):
        raise UserError(f"--out={given}: give a file that ends in .safetensors, .onnx or .pth.")
    if os.path.lexists(out):
        raise UserError(f"--out={out} is there already: move it away, or give another name.")
    if not out.parent.is_dir():
        raise UserError(f"--out={out}: there is no folder {out.parent}: make it first.")
    return out
