"""What a file is by its first and last bytes, and whether its name says so."""

from pathlib import Path

PNG_TAIL = 4096
_MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II": "TIFF", b"MM": "TIFF", b"BM": "BMP"}
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"}


def promised_format(path: Path) -> str | None:
    """Return the format that a file's suffix names, None if it names none that is read."""
    return _FORMATS.get(path.suffix.lower())


def refuse_misnamed(path: Path) -> None:
    """Do nothing if a file's content is of the kind that its name says, and has its end.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is of another format than its name says, lacks its end, is a folder or cannot be opened.
    """
    try:
        head, tail = _ends(path)
    except IsADirectoryError as error:
        raise ValueError(f"{path}: a folder; name an image file") from error
    except PermissionError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    promised = promised_format(path) or found
    if found not in {None, promised}:
        raise ValueError(f"{path}: is a {found} file by its content; rename it or export it as {promised}")
    if found == "PNG" and b"IEND" not in tail:
        raise ValueError(f"{path}: the PNG file lacks its end; copy or export it again")


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, path.stat().st_size - PNG_TAIL))
        return head, file.read()
