"""The leaderboard for a paper: groups, marks and letters that LaTeX would obey."""

import re
from dataclasses import replace
from pathlib import Path

from deblur_lightning.ledger.latex import leaderboard
from deblur_lightning.ledger.run_summaries import SeedMeans
from tests.helpers.typesetting import typeset

FIGURES = {"blurred": 25.0, "psnr": 27.0, "gain": 2.0, "half": 0.3, "ssim": 0.81, "accuracy": None}
NAMES = {"name": "a/001", "method": "NAFNet", "blur": "MotionBlur length 7-15", "protocol": "rgb", "budget": ""}
ONE = SeedMeans(**NAMES, **FIGURES, seeds=3, crime=False, steps=100, images=5, parameters=9, seconds=1.0)
RUNS = [
    replace(ONE, method="UNet", gain=1.5, psnr=26.5, half=None),
    ONE,
    replace(ONE, method="SRCNN", gain=0.5, psnr=25.5),
    replace(ONE, method="Worse", gain=-0.5, psnr=24.5, blur="pairs in my_data & 50%"),
    replace(ONE, method="Classifier", gain=None, psnr=None),
]


def test_each_blur_has_its_best_and_second() -> None:
    rows = [line.strip() for line in leaderboard(RUNS).splitlines() if "quad" in line]
    assert rows == [
        r"\quad blurred input & & 5 & 25.00 & & \\",
        r"\quad NAFNet & 3 & 5 & 27.00 & \textbf{+2.00} $\pm$ 0.30 & 0.810 \\",
        r"\quad UNet & 3 & 5 & 26.50 & \underline{+1.50} & 0.810 \\",
        r"\quad SRCNN & 3 & 5 & 25.50 & +0.50 $\pm$ 0.30 & 0.810 \\",
        r"\quad blurred input & & 5 & 25.00 & & \\",
        r"\quad Worse & 3 & 5 & 24.50 & -0.50 $\pm$ 0.30 & 0.810 \\",
    ]


def test_it_is_a_table_that_latex_can_read() -> None:
    """Every row has as many columns as the table; braces and environments are closed; names are no commands."""
    text = leaderboard([*RUNS, replace(ONE, method=r"\input{x}_#~^$"), replace(ONE, budget="quick")])
    lines = text.splitlines()
    assert (lines[1], lines[-1]) == (r"\begin{tabular}{lrrrrr}", r"\end{tabular}")
    for line in lines[2:-1]:
        bare = re.sub(r"\\[\\&%$#_{}]", "", line)
        assert bare.count("{") == bare.count("}")
        assert line.endswith(r"\\") or line in (r"\toprule", r"\midrule", r"\bottomrule")
        assert bare.count("&") == 5 or line.startswith((r"\multicolumn{6}", r"\toprule", r"\midrule", r"\bottomrule"))
        commands = set(re.findall(r"\\([a-z]+)", line))
        assert commands <= {
            *("toprule", "midrule", "bottomrule", "multicolumn", "quad", "textbf", "underline", "pm"),
            *("textbackslash", "textasciitilde", "textasciicircum"),
        }
    assert r"pairs in my\_data \& 50\%" in text
    assert "MotionBlur length 7-15, quick budget" in text


def test_latex_sets_it(tmp_path: Path) -> None:
    names = (r"\input{x}_#~^$", "50 % & [more]", "[first]")
    odd = [replace(ONE, method=name, blur=blur, budget=blur) for name in names for blur in names]
    assert "(1 page" in typeset(leaderboard([*RUNS, *odd]), tmp_path)


def test_without_restorers_the_table_is_empty() -> None:
    assert leaderboard([RUNS[-1]]).count(r"\\") == 1
