"""The images of a source by split and name."""

from deblur_lightning.sources.base import SharpImages, Source, Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")


def names_of(images: SharpImages) -> list[str]:
    return [images.name(index) for index in range(len(images))]


def names_by_split(source: Source, *splits: Split) -> list[list[str]]:
    """Of ``splits``, or of all three."""
    return [names_of(source.split(split)) for split in splits or SPLITS]
