from .augmentation import Augmentation as Augmentation
from .augmentation import CropAndFlip as CropAndFlip
from .augmentation import SmallAffine as SmallAffine
from .labelled import LabelledData as LabelledData
from .pairs import RealPairs as RealPairs
from .restoration import CropStage as CropStage
from .restoration import RestorationData as RestorationData
from .synthetic import SyntheticBlur as SyntheticBlur
