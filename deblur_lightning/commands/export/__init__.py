"""export: the network of a checkpoint as a file of its own."""

import os
from collections.abc import Sequence
from pathlib import Path

from deblur_lightning.errors import UserError

HELP = """\
usage: deblur export --out FILE.safetensors|FILE.onnx [--ckpt FILE] [--trust MODULE]...

Write the network of a checkpoint, with the weights that restore, as one file.

  .safetensors  for deblur restore --ckpt; holds the network's settings too
  .onnx         for ONNX Runtime and others, for images (N, C, H, W) in [0, 1] of any size; compared with torch where
                ONNX Runtime is installed (pip install 'deblur_lightning[onnx]')

arguments:
  --ckpt FILE   a checkpoint of deblur fit, or a .safetensors file (default: the shipped model)
  --out FILE    where to; an existing file is not replaced
  --trust MODULE  a module whose networks the file may name, beside this package's; its code runs

exit code: 0 the file is there; 2 a mistake, told in one line

examples:
  deblur export --ckpt RUN/checkpoints/best.ckpt --out mine.safetensors
  deblur export --out shipped.onnx
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur export``; nothing is ever left out.

    Raises:
        UserError: a mistake in them.
    """
    # Torch takes seconds to import, which help need not wait for.
    from deblur_lightning.commands.strict_parser import StrictParser
    from deblur_lightning.files.writing import check_room
    from deblur_lightning.restoring.export import export_onnx, export_safetensors
    from deblur_lightning.restoring.model import load_model

    parser = StrictParser(prog="deblur export")
    for option in ("--ckpt", "--out"):
        parser.add_argument(option)
    parser.add_argument("--trust", action="append", default=[])
    given = parser.parsed(argv)
    out = _place(given.out or "")
    model = load_model(None if given.ckpt is None else Path(given.ckpt).expanduser(), given.trust)
    check_room(out, sum(value.nbytes for value in model.network.state_dict().values()))
    if out.suffix == ".safetensors":
        export_safetensors(model, out)
    else:
        print(f"checked   {export_onnx(model, out)}")
    print(f"exported  {out}: {type(model.network).__name__}, {out.stat().st_size / 1e6:.1f} MB")
    return []


def _place(given: str) -> Path:
    out = Path(given).expanduser()
    if out.suffix not in (".safetensors", ".onnx"):
        raise UserError(f"--out={given}: give a file that ends in .safetensors or .onnx.")
    if os.path.lexists(out):
        raise UserError(f"--out={out} is there already: move it away, or give another name.")
    if not out.parent.is_dir():
        raise UserError(f"--out={out}: there is no folder {out.parent}: make it first.")
    return out
