from .base import ClassicalFilter as ClassicalFilter
from .hyper_laplacian import HyperLaplacian as HyperLaplacian
from .planes import FilteredPlanes as FilteredPlanes
from .psf_estimation import estimate_psf as estimate_psf
from .richardson_lucy import RichardsonLucy as RichardsonLucy
from .total_variation import TotalVariation as TotalVariation
from .unsupervised_wiener import UnsupervisedWiener as UnsupervisedWiener
from .wiener import Wiener as Wiener
