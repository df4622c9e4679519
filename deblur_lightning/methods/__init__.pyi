from .adversarial import AdversarialRestorer as AdversarialRestorer
from .base import Restorer as Restorer
from .classical import ClassicalRestorer as ClassicalRestorer
from .classifier import ImageClassifier as ImageClassifier
from .deconv import DeconvRestorer as DeconvRestorer
from .oracle import OracleWiener as OracleWiener
from .regression import RegressionRestorer as RegressionRestorer
from .srcnn import SRCNNRestorer as SRCNNRestorer
