"""The benchmark of the deconvolution layer runs, and compares two computations of one thing."""

from benchmarks.speed.deconv_layer import main


def test_the_quick_run_agrees_with_the_formula() -> None:
    found = main(["--quick", "--threads", "1"])
    assert len(found) == 2
    assert all(row.difference < 1e-5 for row in found)
