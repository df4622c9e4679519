"""Where real sets lie that some tests look at: DEBLUR_DATA names the folder; without it they are skipped."""

import os
from pathlib import Path

import pytest

REAL = Path(os.environ.get("DEBLUR_DATA", "."))
real_data = pytest.mark.skipif("DEBLUR_DATA" not in os.environ, reason="DEBLUR_DATA names no folder of real sets")
