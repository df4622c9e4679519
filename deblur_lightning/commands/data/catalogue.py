"""The sets of images that experiments and papers on deblurring use: what they are, and how one gets them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torchvision.datasets import CIFAR10, CIFAR100, MNIST, STL10, VisionDataset

from deblur_lightning.files.downloads import Download

UNKNOWN = "see its page"
RESEARCH = "for research that is not commercial"


@dataclass(frozen=True)
class DataSet:
    """A set of images.

    Attributes:
        about: what it holds, in a line.
        licence: what its authors allow, as their page says.
        page: where its authors describe it.
        use: arguments of ``deblur fit`` that read it; ``ROOT`` stands for its folder.
        expected: paths below its folder that are there once it is laid out.
        get: how to get it, where it cannot be fetched from here; ``ROOT`` as above.
        downloads: what can be fetched.
        place: folder below ``ROOT`` that the downloads belong in.
        open: torchvision's class; it unpacks what was fetched, and refuses what is damaged.
        parts: by what arguments it opens all that it should look through.
        unpacked: bytes that the unpacked files take.
    """

    about: str
    licence: str
    page: str
    use: str
    expected: tuple[str, ...]
    get: str = ""
    downloads: tuple[Download, ...] = ()
    place: str = ""
    open: type[VisionDataset] | None = None
    parts: tuple[Mapping[str, object], ...] = ({"train": True}, {"train": False})
    unpacked: int = 0


_MNIST_SIZES = (9912422, 28881, 1648877, 4542)
_PAIRS = "--config=experiments/data/gopro.yaml --data.source.root=ROOT"

SETS = {
    "mnist": DataSet(
        about="70,000 handwritten digits of 28x28 pixels",
        licence=UNKNOWN,
        page="http://yann.lecun.com/exdb/mnist",
        use="--config=experiments/data/mnist.yaml --data.source.root=ROOT",
        expected=tuple(f"MNIST/raw/{name.removesuffix('.gz')}" for name, _ in MNIST.resources),
        downloads=tuple(
            Download(name, tuple(f"{mirror}{name}" for mirror in MNIST.mirrors), md5, size)
            for (name, md5), size in zip(MNIST.resources, _MNIST_SIZES, strict=True)
        ),
        place="MNIST/raw",
        open=MNIST,
        unpacked=55 * 10**6,
    ),
    "cifar10": DataSet(
        about="60,000 colour images of 32x32 pixels in ten classes",
        licence=UNKNOWN,
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        use="--config=experiments/data/cifar10.yaml --data.source.root=ROOT",
        expected=("cifar-10-batches-py/data_batch_5", "cifar-10-batches-py/test_batch"),
        downloads=(Download(CIFAR10.filename, (CIFAR10.url,), CIFAR10.tgz_md5, 170498071),),
        open=CIFAR10,
        unpacked=186 * 10**6,
    ),
    "cifar100": DataSet(
        about="60,000 colour images of 32x32 pixels in a hundred classes",
        licence=UNKNOWN,
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        use="--config=experiments/data/cifar100.yaml --data.source.root=ROOT",
        expected=("cifar-100-python/train", "cifar-100-python/test"),
        downloads=(Download(CIFAR100.filename, (CIFAR100.url,), CIFAR100.tgz_md5, 169001437),),
        open=CIFAR100,
        unpacked=187 * 10**6,
    ),
    "stl10": DataSet(
        about="113,000 colour images of 96x96 pixels, 13,000 of them in ten classes",
        licence=UNKNOWN,
        page="https://cs.stanford.edu/~acoates/stl10",
        use="--config=experiments/data/stl10.yaml --data.source.root=ROOT",
        expected=("stl10_binary/train_X.bin", "stl10_binary/unlabeled_X.bin", "stl10_binary/test_X.bin"),
        downloads=(Download(STL10.filename, (STL10.url,), STL10.tgz_md5, 2640397119),),
        open=STL10,
        parts=({"split": "test"},),
        unpacked=3130 * 10**6,
    ),
    "bsds500": DataSet(
        about="500 photographs of 481x321 pixels, 200 of them for training",
        licence=RESEARCH,
        page="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html",
        use="--config=experiments/data/bsds500.yaml --data.source.root=ROOT/BSDS500/data/images",
        expected=("BSDS500/data/images/train", "BSDS500/data/images/val"),
        get="git clone --depth 1 https://github.com/BIDS/BSDS500 ROOT",
    ),
    "celeba": DataSet(
        about="202,599 faces of 178x218 pixels, aligned and cropped",
        licence=RESEARCH,
        page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        use="--config=experiments/data/celeba.yaml --data.source.root=ROOT/img_align_celeba",
        expected=("img_align_celeba/000001.jpg", "img_align_celeba/202599.jpg"),
        get="unpack img_align_celeba.zip of its page into ROOT",
    ),
    "gopro": DataSet(
        about="2,103 pairs for training and 1,111 for testing, averages of frames of 1280x720 (Nah et al., 2017)",
        licence="CC BY 4.0",
        page="https://seungjunnah.github.io/Datasets/gopro",
        use=_PAIRS,
        expected=("train", "test"),
        get="unpack GOPRO_Large.zip of its page into ROOT; its blur_gamma folders are not used",
    ),
    "hide": DataSet(
        about="6,397 pairs of people for training and 2,025 for testing, 1280x720 (Shen et al., 2019)",
        licence=UNKNOWN,
        page="https://github.com/joanshen0508/HA_deblur",
        use=f"{_PAIRS} --data.source.lists='{{train: train.txt, test: test.txt}}'",
        expected=("train", "test", "GT", "train.txt", "test.txt"),
        get="unpack HIDE_dataset of its page as ROOT; list its pairs in train.txt and test.txt, as docs/data.md shows",
    ),
    "reds": DataSet(
        about="300 sequences of 100 frames, 1280x720, 240 for training and 30 for validation (Nah et al., 2019)",
        licence="CC BY 4.0",
        page="https://seungjunnah.github.io/Datasets/reds",
        use=_PAIRS,
        expected=("train/train_blur", "train/train_sharp", "val/val_blur", "val/val_sharp"),
        get="unpack train_blur.zip, train_sharp.zip, val_blur.zip and val_sharp.zip of its page into ROOT",
    ),
    "realblur-j": DataSet(
        about="3,758 pairs for training and 980 for testing, photographed through two cameras (Rim et al., 2020)",
        licence="CC BY 4.0",
        page="https://cg.postech.ac.kr/research/realblur",
        use=f"{_PAIRS} --data.source.lists='{{train: RealBlur_J_train_list.txt, test: RealBlur_J_test_list.txt}}'",
        expected=(
            "RealBlur_J_train_list.txt",
            "RealBlur_J_test_list.txt",
            "RealBlur-J_ECC_IMCORR_centroid_itensity_ref",
        ),
        get="unpack RealBlur.tar.gz of its page into ROOT",
    ),
    "realblur-r": DataSet(
        about="RealBlur-J's photographs, developed from the cameras' raw files (Rim et al., 2020)",
        licence="CC BY 4.0",
        page="https://cg.postech.ac.kr/research/realblur",
        use=f"{_PAIRS} --data.source.lists='{{train: RealBlur_R_train_list.txt, test: RealBlur_R_test_list.txt}}'",
        expected=(
            *("RealBlur_R_train_list.txt", "RealBlur_R_test_list.txt"),
            "RealBlur-R_BM3D_ECC_IMCORR_centroid_itensity_ref",
        ),
        get="unpack RealBlur.tar.gz of its page into ROOT",
    ),
    "rsblur": DataSet(
        about="13,358 pairs, photographed through two cameras, with the frames between (Rim et al., 2022)",
        licence="CC BY 4.0",
        page="https://github.com/rimchang/RSBlur",
        use=f"{_PAIRS} --data.source.lists="
        "'{train: RSBlur_real_train.txt, val: RSBlur_real_val.txt, test: RSBlur_real_test.txt}'",
        expected=("RSBlur", *(f"RSBlur_real_{split}.txt" for split in ("train", "val", "test"))),
        get="unpack RSBlur.zip of its page into ROOT, and copy the lists of its folder datalist/RSBlur beside it",
    ),
}
"""By the name that ``deblur data`` takes."""
