"""Classical deconvolution filters that are told the PSF, and the estimate of a PSF that nobody tells."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
