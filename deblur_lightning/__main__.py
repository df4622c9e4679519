"""``python -m deblur_lightning`` is ``deblur``."""

from deblur_lightning.cli import main

if __name__ == "__main__":
    main()
