"""app: a local page on which photos are restored."""

from collections.abc import Sequence

HELP = """\
usage: deblur app [--ckpt FILE]... [--trust MODULE]... [--device auto|cpu|cuda] [--port N]

Serve a page on this computer alone (127.0.0.1): drop a photo, choose a model, slide between before and after, read how
blurred and noisy the photo is, download the result. It needs one package more: pip install 'deblur_lightning[app]'.
Photos stay on this computer; Ctrl-C ends the page and removes what was uploaded to it, as do SIGTERM and SIGHUP.

arguments:
  --ckpt FILE             a further model to choose, beside the shipped one: a checkpoint of deblur fit, or a
                          .safetensors file; may be given several times
  --trust MODULE          a module whose networks these files may name, beside this package's; its code runs
  --device auto|cpu|cuda  what restores (default: auto, the GPU where there is one)
  --port N                of the page's address (default: 7860)

exit code: 0 ended by Ctrl-C, SIGTERM or SIGHUP; 2 a mistake, told in one line

examples:
  deblur app
  deblur app --ckpt RUN/checkpoints/best.ckpt --port 8000
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur app``; nothing is ever left out.

    Raises:
        UserError: a mistake in them.
    """
    # Torch takes seconds to import, which help need not wait for.
    from deblur_lightning.commands.app.run import serve

    serve(argv)
    return []
