"""Figures of restored images and of classifiers: PSNR and SSIM under named protocols, and further ones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
