"""The figures of a report: PNG files only."""

from collections.abc import Callable

_START, _END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


def read_png(path: str, read_figure: Callable[[str], bytes]) -> bytes:
    """Return the bytes of the PNG file at an illustration's path.

    Raises:
        ValueError: if it is no PNG file, or a part of one.
        FileNotFoundError: as `read_figure` raises it.
    """
    content = read_figure(path)
    if not (content.startswith(_START) and content.endswith(_END)):
        raise ValueError(f"{path}: not a whole PNG file; run `dvc repro` to draw the figure anew")
    return content
