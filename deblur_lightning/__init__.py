"""Image deblurring experiments in PyTorch Lightning: learn, measure, compare and restore."""

__version__ = "0.1.0"
