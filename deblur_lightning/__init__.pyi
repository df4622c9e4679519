from . import callbacks as callbacks
from . import classical as classical
from . import datamodules as datamodules
from . import degradations as degradations
from . import functional as functional
from . import losses as losses
from . import methods as methods
from . import metrics as metrics
from . import networks as networks
from . import optim as optim
from . import restoring as restoring
from . import sources as sources
from .restoring.image import restore as restore
from .restoring.model import load_model as load_model

__version__: str
