"""Networks that other people have published, from the files of their weights."""

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from deblur_lightning.errors import UserError
from deblur_lightning.files.plain_data import first_line, printable
from deblur_lightning.files.weight_files import PUBLISHED, check_finite, settings_and_weights
from deblur_lightning.networks.channels import check_channels
from deblur_lightning.networks.local_mean import lacking
from deblur_lightning.networks.nafnet import NAFNet
from deblur_lightning.networks.nafnet_names import is_nafnet, nafnet_settings

SLACK = 16_000_000
"""Values that a network may hold beside its weights, such as masks of attention."""

LOCAL = ".<locals>."
"""What Python has in the names of classes that are made within a function."""

INSTALL = "pip install 'deblur_lightning[models]'"


class Published(nn.Module):
    """The network of a file that other people have published, known by the names and shapes of its weights.

    A NAFNet becomes ours, with its authors' test windows; spandrel knows some forty others, such as Uformer, SCUNet,
    FFTformer, KBNet and, with ``spandrel-extra-arches``, Restormer, MPRNet and MIRNet-v2. The file is data: nothing in
    it is executed. It says nothing of its licence: ask where it comes from.

    Args:
        path: of a .pth, .pt or .safetensors file of weights.

    Attributes:
        architecture: its name.
        channels: of the images that it takes and makes.
        alignment: where a tile may start: at multiples of it a tile is computed as the whole image is.
        receptive_radius: the pixels that are restored around each tile. Of a network that spandrel builds nobody knows
            how far it looks: then this is a usual choice, and ``deblur restore --check`` measures what it changes.
        tile: side in pixels of the tiles that a photo is restored in; None for the largest that memory is planned for.

    Raises:
        UserError: the file cannot be read, or is of no network known here that makes restored images of blurred ones.

    Examples:
        >>> import torch
        >>> from deblur_lightning.networks import NAFNet, Published
        >>> network = NAFNet(width=8, encoder_blocks=[1], middle_blocks=1, decoder_blocks=[1])
        >>> torch.save({"params": network.authors_state_dict()}, "mine.pth")
        >>> Published("mine.pth")(torch.rand(1, 3, 48, 64)).shape
        torch.Size([1, 3, 48, 64])
    """

    TILE = 640
    RADIUS = 64

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        settings, weights = settings_and_weights(Path(path).expanduser())
        if settings != {"class_path": PUBLISHED}:
            raise UserError(f"Published path={path} is a file of this package, which says its network: use --weights.")
        check_finite(weights, Path(path))
        inner = {name.removeprefix("network."): value for name, value in weights.items()}
        self._become(inner, f"Published path={path}")

    @classmethod
    def of_weights(cls, weights: Mapping[str, Tensor], owner: str) -> "Published":
        """The network that has ``weights``, by its authors' names or as ``state_dict`` gives them less "network.".

        Args:
            weights: of the network.
            owner: where they are from, for messages.

        Raises:
            UserError: they are of no network known here.
        """
        network = cls.__new__(cls)
        nn.Module.__init__(network)
        network._become(weights, owner)
        return network

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore ``blurred``, (B, channels, H, W) in [0, 1]; the output has its size and is not clamped.

        Raises:
            UserError: images of other channels.
        """
        check_channels(f"Published {self.architecture}", self.channels, blurred, "")
        height, width = blurred.shape[-2:]
        right, below = self._lacking(width, height)
        fits = right < width and below < height
        padded = F.pad(blurred, (0, right, 0, below), mode="reflect" if fits else "replicate")
        restored: Tensor = self._call(self.network, padded)[..., :height, :width]
        return restored

    def _become(self, weights: Mapping[str, Tensor], owner: str) -> None:
        if is_nafnet(weights):
            network = _nafnet(weights, owner)
            self.network: nn.Module = network
            self.architecture, self.channels, self.tile = "NAFNet", network.channels, None
            self.alignment, self.receptive_radius = network.alignment, network.receptive_radius
            self._lacking: Callable[[int, int], tuple[int, int]] = _nothing
            self._call: Callable[[Any, Tensor], Tensor] = _plain
            return
        found = _recognise(weights, owner)
        self.network = found.model
        self.architecture = found.architecture.name
        self.channels = found.input_channels
        self.tile, self.receptive_radius = self.TILE, self.RADIUS
        self.alignment = max(1, found.size_requirements.multiple_of)
        self._lacking = _padding(found.size_requirements)
        self._call = found._call_fn  # some return more than the image, or work in another range


def _nafnet(weights: Mapping[str, Tensor], owner: str) -> NAFNet:
    settings = nafnet_settings(weights)
    try:
        _refuse_large(lambda: NAFNet(**settings), weights)
        network = NAFNet(**settings)
        network.load_state_dict(dict(weights))
    except (RuntimeError, ValueError, UserError) as error:
        raise UserError(f"{owner} is of no NAFNet that its authors have: it says that it is one.") from error
    return network


def import_spandrel() -> Any:
    """The package spandrel, which then knows the networks of ``spandrel-extra-arches`` too where that is installed.

    It has a NAFNet and others of our names. In settings these short names stay ours, since the command line passes over
    classes that are local to a function, for which spandrel's are given out.

    Raises:
        ImportError: it is not installed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.script. is deprecated.*", FutureWarning)
        import spandrel  # type: ignore[import-untyped, import-not-found, unused-ignore]

        try:
            import spandrel_extra_arches  # type: ignore[import-untyped, import-not-found, unused-ignore]
        except ImportError:
            pass
        else:
            spandrel_extra_arches.install(ignore_duplicates=True)
    waiting: list[type] = [nn.Module]
    while waiting:
        kind = waiting.pop()
        if kind.__module__.startswith("spandrel") and LOCAL not in kind.__qualname__:
            kind.__qualname__ = f"spandrel{LOCAL}{kind.__qualname__}"
        waiting += kind.__subclasses__()
    return spandrel


def _recognise(weights: Mapping[str, Tensor], owner: str) -> Any:
    """spandrel's description of the network that has ``weights``."""
    try:
        spandrel = import_spandrel()
    except ImportError as error:
        raise UserError(f"{owner}: to know other people's networks, install spandrel: {INSTALL}.") from error
    known = find_spec("spandrel_extra_arches") is not None
    more = "" if known else "; more are known with: pip install spandrel-extra-arches (mind its licences)"
    try:
        _refuse_large(lambda: spandrel.MAIN_REGISTRY.load(dict(weights)).model, weights)
        found = spandrel.MAIN_REGISTRY.load(dict(weights))
    except spandrel.UnsupportedModelError as error:
        raise UserError(f"{owner}: spandrel knows no network with these weights{more}.") from error
    except Exception as error:  # whatever a constructor makes of shapes that somebody else has chosen
        reason = printable(first_line(error))
        raise UserError(f"{owner}: its weights fit no network of spandrel's ({reason}).") from error
    restores = isinstance(found, spandrel.ImageModelDescriptor) and found.scale == 1
    if not restores or found.input_channels != found.output_channels:
        what = "enlarges or completes images" if found.scale != 1 or not restores else "makes images of other channels"
        raise UserError(f"{owner} is of {found.architecture.name}, which {what}: give one that restores.")
    return found


def _refuse_large(make: Callable[[], nn.Module], weights: Mapping[str, Tensor]) -> None:
    """Raise where a network would be larger than the weights that it is made for; it is first made without memory.

    One that cannot be made so is not judged.
    """
    try:
        with torch.device("meta"), _NumbersOnTheHost(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*copying from a non-meta parameter.*")
            sketch = make()
    except NotImplementedError:  # it needs values to be built, which the meta device does not have
        return
    except RuntimeError as error:
        if str(error).startswith("Tensor.item() cannot be called on meta"):  # so does it
            return
        raise
    held = sum(value.numel() for value in (*sketch.parameters(), *sketch.buffers()))
    if held > sum(value.numel() for value in weights.values()) + SLACK:
        raise ValueError("it would be larger than they are")


class _NumbersOnTheHost(TorchFunctionMode):
    """Leaves those few values on the CPU that networks are built by, such as rates of dropout."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        return func(*args, **({"device": "cpu"} | given if func is torch.linspace else given))


def _padding(needs: Any) -> Callable[[int, int], tuple[int, int]]:
    """What spandrel's requirements ask for to the right and below; where it can be without a decision, for graphs."""
    if needs.square or needs.minimum:
        padding: Callable[[int, int], tuple[int, int]] = needs.get_padding
        return padding
    return lambda width, height: (lacking(width, needs.multiple_of), lacking(height, needs.multiple_of))


def _plain(network: Any, image: Tensor) -> Tensor:
    restored: Tensor = network(image)
    return restored


def _nothing(width: int, height: int) -> tuple[int, int]:
    return 0, 0
