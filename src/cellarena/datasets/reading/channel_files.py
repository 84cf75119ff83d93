"""One image whose channels lie in files of their own."""

from collections.abc import Sequence

import numpy as np

from cellarena.images.channels import chosen, names_of
from cellarena.images.picture import Choice, Picture


def stacked(files: Sequence[tuple[str, Picture]], choice: Choice) -> Picture:
    """Return the channels of several files, named and in order, as one picture; they are called 1, 2, 3, ...

    Raises:
        ValueError: if a file holds more than one channel, sizes differ, a channel is chosen that is not there, or none
            is chosen of more than three; the message names a file.
    """
    name, first = files[0]
    for other, picture in files:
        if picture.pixels.ndim != 2:
            raise ValueError(f"{other}: {picture.pixels.shape[2]} channels in a file of one channel; save it as grey")
        if picture.pixels.shape != first.pixels.shape:
            height, width = picture.pixels.shape
            raise ValueError(f"{other}: {height} x {width}, but {name} has another size; export them alike")
    names = names_of(len(files))
    try:
        numbers = chosen(names, choice)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    planes = [files[number][1].pixels for number in numbers]
    return Picture(
        planes[0] if len(planes) == 1 else np.dstack(planes),
        tuple(names[number] for number in numbers),
        first.pixel_size,
        any(picture.is_lossy for _, picture in files),
        sum(picture.n_alpha for _, picture in files),
    )
