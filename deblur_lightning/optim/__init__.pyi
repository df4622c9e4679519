from .ema import ExponentialMovingAverage as ExponentialMovingAverage
from .schedules import Constant as Constant
from .schedules import Cosine as Cosine
from .schedules import OneCycle as OneCycle
from .schedules import Schedule as Schedule
from .schedules import WarmUp as WarmUp
from .update_ratio import UpdateRatio as UpdateRatio
