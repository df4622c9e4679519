"""Lightning data modules: batches of blurred and sharp images, or of labelled ones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
