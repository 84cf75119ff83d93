"""The figures of a report: PNG files only."""

from collections.abc import Callable

_PNG = b"\x89PNG\r\n\x1a\n"


def read_png(path: str, read_figure: Callable[[str], bytes]) -> bytes:
    """Return the bytes of the PNG file at an illustration's path.

    Raises:
        ValueError: if it is no PNG file.
        FileNotFoundError: as `read_figure` raises it.
    """
    content = read_figure(path)
    if not content.startswith(_PNG):
        raise ValueError(f"{path}: not a PNG file; a report shows PNG figures only")
    return content
