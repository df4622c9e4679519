"""Sets a table as LaTeX does."""

import shutil
import subprocess
from pathlib import Path

import pytest


def typeset(table: str, folder: Path) -> str:
    """What LaTeX reports of a document of that table alone; fails where it finds a mistake. It writes to ``folder``."""
    if shutil.which("pdflatex") is None:  # a program of the system's, of half a gigabyte
        pytest.skip("pdflatex (Debian's texlive-latex-recommended) is not installed")
    head = r"\documentclass{article}\usepackage{booktabs}\begin{document}"
    (folder / "table.tex").write_text(f"{head}\n{table}\n\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout
