"""The charts of the report's page: what they draw, name and leave out."""

import math
import re
from dataclasses import fields, replace
from typing import Any

from deblur_lightning.ledger.charts import cost_chart, finite_restorers, loss_charts, strength_chart
from deblur_lightning.ledger.run_summaries import RunSummary

PLAIN = RunSummary(**dict.fromkeys((field.name for field in fields(RunSummary)), None) | {"curve": []})  # type: ignore[arg-type]


def run(name: str, **changes: Any) -> RunSummary:
    given = {"method": "UNet", "blur": "box", "crime": False, "blurred": 20.0, "psnr": 22.0, "gain": 2.0}
    return replace(PLAIN, name=name, **given | {"parameters": 1000} | changes)


def titles(svg: str) -> list[str]:
    return re.findall(r"<title>(.*?)</title>", svg)


def legend(svg: str) -> list[str]:
    return re.findall(r">([^<]+)</text>", svg.partition('id="legend_1"')[2])


def test_each_run_is_a_point_with_its_name_and_each_method_a_line_of_the_legend() -> None:
    runs = [run("a/0"), run("a/1", gain=-1.5), run("<b>", method="SRCNN", parameters=None)]
    assert titles(strength_chart(runs)) == ["a/0: UNet, box, +2.00 dB", "a/1: UNet, box, -1.50 dB",
                                            "&lt;b&gt;: SRCNN, box, +2.00 dB"]  # fmt: skip
    assert legend(strength_chart(runs)) == ["UNet", "SRCNN"]
    assert len(titles(cost_chart(runs))) == 2
    assert ">gain in dB</text>" in cost_chart(runs)
    many = [run(str(number), method=str(number)) for number in range(11)]
    assert legend(strength_chart(many)) == []
    assert len(titles(strength_chart(many))) == 11


def test_a_page_may_hold_them_and_they_are_the_same_to_the_byte() -> None:
    for make in (strength_chart, cost_chart, lambda runs: loss_charts(runs)["a"]):
        svg = make([run("a/0", curve=[(0, 1.0), (1, 0.5), (2, 0.2)])])
        assert svg.startswith("<svg ")
        assert not re.search(r"https?:|url\(|xmlns|#000000", svg)
        assert svg == make([run("a/0", curve=[(0, 1.0), (1, 0.5), (2, 0.2)])])


def test_where_there_is_nothing_there_is_no_chart() -> None:
    assert strength_chart([]) == cost_chart([run("a", parameters=None)]) == ""
    assert loss_charts([run("a/0", curve=[(0, 1.0), (1, 0.0), (2, 0.5)])]) == {}
    bad = [run("crime", crime=True), run("inf", gain=math.inf), run("none", psnr=None)]
    assert finite_restorers([*bad, run("good")]) == [run("good")]


def test_losses_of_one_folder_share_a_figure() -> None:
    curve = [(0, 1.0), (1, 0.5), (2, 0.2)]
    drawn = loss_charts([run(name, curve=curve) for name in ("a/0", "a/1", "b/0", "single")])
    assert list(drawn) == ["a", "b", ""]
    assert legend(drawn["a"]) == ["0", "1"]
    assert titles(drawn[""]) == ["single"]
