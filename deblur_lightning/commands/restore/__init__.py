"""restore: photos in, restored photos out, as files of the same kind."""

from collections.abc import Sequence

HELP = """\
usage: deblur restore PHOTO|FOLDER... --out OUT [options]
       deblur restore PHOTO --out NAME.jpg|NAME.png|... [options]

Restore blurred photos without being told what blurred them. Each becomes a file of the same name, format, size and
mode in OUT; what lies in a FOLDER keeps its place below it. Rotation by EXIF is applied; transparency, colour
profile, EXIF and resolution are kept; JPEG files are compressed as their originals were. 16-bit files stay 16-bit.
Files that are in OUT already are left alone, so that the same command goes on where it was stopped: OUT/.restored.json
says what each was made from, and a file that is there and was made from something else is told.

arguments:
  PHOTO|FOLDER            photos: JPEG, PNG, WebP, TIFF, BMP and what else Pillow reads; folders are searched through
  --out OUT               a folder; it is not searched itself, and a photo never replaces itself. For one photo it may
                          be a file, which decides the format
  --ckpt FILE             a checkpoint of deblur fit, or a .safetensors file (default: the shipped model)
  --trust MODULE          a module whose networks the file may name, beside this package's; its code runs; may be given
                          several times
  --device auto|cpu|cuda  what restores (default: auto, the GPU where there is one)
  --tile auto|N           side of the tiles in pixels (default: auto); smaller ones need less memory
  --tta                   restore eight flipped and turned versions and take their mean: a little better, 8 times slower
  --frames refuse|first   what to do with animated files and several pages (default: refuse)
  --check                 measure how far tiles are from the whole image, on the middle of each photo
  --report                estimate each photo's blur and noise, warn where the model has learned nothing like it, and
                          write OUT/restoring-report: a table, and pictures of before and after
  --overwrite             restore again what is in OUT already, whatever it was made from

exit code: 0 every photo is there; 1 photos that cannot be read, restored or written were left out and are listed;
2 a mistake, told in one line; 130 Ctrl-C

examples:
  deblur restore holiday.jpg --out sharp.png
  deblur restore PHOTOS --out restored --report
  deblur restore PHOTOS --out restored --ckpt RUN/checkpoints/best.ckpt --tta
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur restore``; returns lines about what was left out.

    Raises:
        UserError: a mistake in them.
    """
    # Torch takes seconds to import, which help need not wait for.
    from deblur_lightning.commands.restore.options import parse
    from deblur_lightning.commands.restore.run import restore_photos

    return restore_photos(parse(argv))
