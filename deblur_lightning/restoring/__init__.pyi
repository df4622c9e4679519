from .image import restore as restore
from .model import Model as Model
from .model import load_model as load_model
from .restorer import PhotoRestorer as PhotoRestorer
