from .calibration import calibration_error as calibration_error
from .checkerboard import stride_amplitude as stride_amplitude
from .psnr_ssim import luma as luma
from .psnr_ssim import protocol as protocol
from .psnr_ssim import psnr as psnr
from .psnr_ssim import restoration_scores as restoration_scores
from .psnr_ssim import ssim as ssim
from .psnr_ssim import ssim_matlab as ssim_matlab
