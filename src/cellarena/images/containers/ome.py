"""What an OME header says of the planes in its own file: it may describe a set of many files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from cellarena.images.containers.pixel_sizes import in_micrometres
from cellarena.images.picture import PixelSize

_LONGEST = 64 * 2**20
_DIMENSIONS = ("Z", "C", "T")
_MOST_PLANES = 100_000


@dataclass(frozen=True)
class OmeHeader:
    """An OME-XML header."""

    channel_names: tuple[str, ...]  # of all channels that it describes; "" for those that have none
    pixel_size: PixelSize | None
    is_of_a_set: bool  # whether planes that it describes lie in other files
    own_planes: dict[int, tuple[int, int, int]]  # of each directory of its file that it knows, number along Z, C and T

    def own_axis(self, n_pages: int) -> str:
        """Return the letter of the one axis along which the file's own pages differ, "I" if that is not said."""
        planes = [self.own_planes.get(page) for page in range(n_pages)]
        told = [plane for plane in planes if plane]
        axes = [name for axis, name in enumerate(_DIMENSIONS) if len({plane[axis] for plane in told}) > 1]
        return axes[0] if len(told) == n_pages and len(axes) == 1 else "I"

    def own_channel_names(self, n_pages: int) -> tuple[str, ...]:
        """Return the names of the channels that the file's own pages are."""
        numbers = [self.own_planes[page][1] for page in range(n_pages) if page in self.own_planes]
        return tuple(self.channel_names[n] for n in numbers if n < len(self.channel_names))


def read_ome(text: str, file_name: str) -> OmeHeader | None:
    """Return what an ImageDescription says of the first image of a file, None if it is no OME header or damaged.

    A header that was written under another name than `file_name` is known by its UUID.
    """
    if ("<OME" not in text[:4096] and ":OME" not in text[:4096]) or len(text) > _LONGEST:
        return None
    try:
        root = ElementTree.fromstring(text)
        pixels = root.find("{*}Image/{*}Pixels")
        if pixels is None:
            return OmeHeader((), None, root.find("{*}BinaryOnly") is not None, {})
        return _header(root, pixels, file_name)
    except (ElementTree.ParseError, ValueError, KeyError):
        return None


def _header(root: Any, pixels: Any, file_name: str) -> OmeHeader:
    blocks = pixels.findall("{*}TiffData")
    files = {(uuid.text or "", uuid.get("FileName", "")) for b in blocks if (uuid := b.find("{*}UUID")) is not None}
    own = {
        (uuid, name) for uuid, name in files
        if len(files) == 1 or name == file_name or (uuid and uuid == root.get("UUID"))
    }  # fmt: skip
    planes: dict[int, tuple[int, int, int]] = {}
    for block in blocks:
        uuid = block.find("{*}UUID")
        if uuid is not None and (uuid.text or "", uuid.get("FileName", "")) in own:
            first = int(block.get("IFD", 0))
            planes |= dict(enumerate(_planes(block, pixels), start=first))
    height, width = (
        in_micrometres(float(pixels.get(f"PhysicalSize{axis}", "0")), pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        for axis in "YX"
    )
    size = (height, width) if height and width else None
    names = tuple(channel.get("Name", "") for channel in pixels.findall("{*}Channel"))
    return OmeHeader(names, size, bool(files - own), planes)


def _planes(block: Any, pixels: Any) -> Iterator[tuple[int, int, int]]:
    """Yield the numbers along Z, C and T of the planes of a block, in the order in which they are stored."""
    order = [axis for axis in pixels.get("DimensionOrder", "XYZCT") if axis in _DIMENSIONS]
    sizes = {axis: int(pixels.get(f"Size{axis}", 1)) for axis in _DIMENSIONS}
    at = {axis: int(block.get(f"First{axis}", 0)) for axis in _DIMENSIONS}
    for _ in range(min(int(block.get("PlaneCount", 1)), _MOST_PLANES)):
        yield at["Z"], at["C"], at["T"]
        for axis in order:
            at[axis] += 1
            if at[axis] < sizes[axis]:
                break
            at[axis] = 0
