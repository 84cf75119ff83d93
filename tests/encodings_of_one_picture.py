"""One grey picture written in many ways that every viewer shows alike."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image as Pillow

Grey = np.ndarray
_STORED = {  # what a viewer turns back
    2: lambda g: g[:, ::-1], 3: lambda g: g[::-1, ::-1], 4: lambda g: g[::-1], 5: lambda g: g.T,
    6: lambda g: np.rot90(g, 1), 7: lambda g: g[::-1, ::-1].T, 8: lambda g: np.rot90(g, -1),
}  # fmt: skip
_OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:a"><Image '
    'ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="{x}" SizeY="{y}" SizeZ="1" SizeC="1"'
    ' SizeT="2"><TiffData FirstT="0" IFD="0" PlaneCount="1"><UUID FileName="{here}">urn:uuid:a</UUID></TiffData>'
    '<TiffData FirstT="1" IFD="0" PlaneCount="1"><UUID FileName="other.tif">urn:uuid:b</UUID></TiffData></Pixels>'
    "</Image></OME>"
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows: np.ndarray, bits: int, colour: int, *chunks: bytes) -> bytes:
    """Return a PNG file of rows of bytes, packed as PNG wants them."""
    height, width = rows.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    packed = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = (chunk(b"IHDR", head), *chunks, chunk(b"IDAT", zlib.compress(packed)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _tiff(stored: Callable[[Grey], Grey], **options: object) -> Callable[[Path, Grey], None]:
    options = {"photometric": "minisblack", "metadata": None} | options
    return lambda path, g: tifffile.imwrite(path, stored(g), **options)


def _rgb(g: Grey) -> Grey:
    return np.dstack([g] * 3)


def _planar(g: Grey) -> Grey:
    return np.stack([g] * 3)


def _half_clear(g: Grey) -> Grey:
    """A channel of alpha that hides a half."""
    alpha = np.full_like(g, np.iinfo(g.dtype).max)
    alpha[: len(g) // 2] = 0
    return alpha


def _grey_alpha(g: Grey) -> Grey:
    return np.dstack([g, _half_clear(g)])


def _rgb_alpha(g: Grey) -> Grey:
    return np.dstack([_rgb(g), _half_clear(g)])


def _composite(path: Path, g: Grey) -> None:
    tifffile.imwrite(path, np.stack([g, g]), imagej=True, metadata={"axes": "CYX"})


def _deep(g: Grey) -> Grey:
    return g.astype(np.uint16) * 16  # a camera's 12 bits


def _png16(channels: Callable[[Grey], Grey], colour: int) -> Callable[[Path, Grey], None]:
    return lambda path, g: path.write_bytes(png(channels(_deep(g)).astype(">u2"), 16, colour)) and None


def _pillow(mode: Callable[[Grey], Pillow.Image], **options: object) -> Callable[[Path, Grey], None]:
    return lambda path, g: mode(g).save(path, **options)


def _turned(orientation: int) -> Callable[[Path, Grey], None]:
    tag = [(274, "H", 1, orientation, True)]
    return lambda path, g: tifffile.imwrite(
        path, np.ascontiguousarray(_STORED[orientation](g)), photometric="minisblack", metadata=None, extratags=tag
    )


def _turned_png(path: Path, g: Grey) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(np.ascontiguousarray(_STORED[6](g))).save(path, exif=exif)


def _palette(g: Grey) -> Pillow.Image:
    """Return indices that count down, in a palette that counts up."""
    image = Pillow.fromarray(255 - g, mode="P")
    image.putpalette([255 - value for value in range(256) for _ in range(3)])
    return image


def _ome_of_a_set(path: Path, g: Grey) -> None:
    header = _OME.format(x=g.shape[1], y=g.shape[0], here=path.name)
    tifffile.imwrite(path, g, photometric="minisblack", metadata=None, description=header)


def _renamed_ome(path: Path, g: Grey) -> None:
    header = _OME.format(x=g.shape[1], y=g.shape[0], here="what it was called.tif")
    tifffile.imwrite(path, g, photometric="minisblack", metadata=None, description=header)


def _stale_imagej(path: Path, g: Grey) -> None:
    header = "ImageJ=1.53t\nimages=10\nslices=10\nloop=false\n"
    tifffile.imwrite(path, g, photometric="minisblack", metadata=None, description=header)


def _with_thumbnail(path: Path, g: Grey) -> None:
    with tifffile.TiffWriter(path) as file:
        file.write(g, photometric="minisblack", metadata=None)
        file.write(g[::2, ::2], photometric="minisblack", metadata=None, subfiletype=1)


def _pyramid(path: Path, g: Grey) -> None:
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as file:
        file.write(g, subifds=1, tile=(16, 16), photometric="minisblack", metadata={"axes": "YX"})
        file.write(g[::2, ::2], subfiletype=1, tile=(16, 16), photometric="minisblack")


def _transparent_colour(path: Path, g: Grey) -> None:
    path.write_bytes(png(g, 8, 0, chunk(b"tRNS", struct.pack(">H", int(g.flat[0])))))


def _jpeg2000(path: Path, g: Grey) -> None:
    tifffile.imwrite(path, g, photometric="minisblack", metadata=None, compression="jpeg2000")


ENCODINGS: dict[str, tuple[str, Callable[[Path, Grey], None]]] = {
    "grey TIFF": ("tif", _tiff(lambda g: g)),
    "big-endian": ("tif", _tiff(_deep, byteorder=">")),
    "BigTIFF": ("tif", _tiff(lambda g: g, bigtiff=True)),
    "32 bit": ("tif", _tiff(lambda g: g.astype(np.uint32) * 60_000)),
    "signed": ("tif", _tiff(lambda g: g.astype(np.int16) - 100)),
    "float16": ("tif", _tiff(lambda g: g.astype(np.float16))),
    "float64": ("tif", _tiff(lambda g: g / 255)),
    "tiles, LZW, predictor": ("tif", _tiff(lambda g: g, tile=(16, 16), compression="lzw", predictor=True)),
    "ZSTD": ("tif", _tiff(lambda g: g, compression="zstd")),
    "PackBits in strips": ("tif", _tiff(lambda g: g, compression="packbits", rowsperstrip=7)),
    "lossless JPEG 2000": ("tif", _jpeg2000),
    "white is 0": ("tif", _tiff(lambda g: 255 - g, photometric="miniswhite")),
    "white is 0, 16 bit": ("tif", _tiff(lambda g: 65_535 - _deep(g), photometric="miniswhite")),
    "RGB": ("tif", _tiff(_rgb, photometric="rgb")),
    "planar RGB": ("tif", _tiff(_planar, photometric="rgb", planarconfig="separate")),
    "planar RGB in tiles": ("tif", _tiff(_planar, photometric="rgb", planarconfig="separate", tile=(16, 16))),
    "RGB and alpha": ("tif", _tiff(_rgb_alpha, photometric="rgb", extrasamples=[2])),
    "grey and alpha": ("tif", _tiff(_grey_alpha, planarconfig="contig", extrasamples=[1])),
    **{f"orientation {number}": ("tif", _turned(number)) for number in _STORED},
    "ImageJ": ("tif", lambda path, g: tifffile.imwrite(path, g, imagej=True)),
    "ImageJ RGB": ("tif", lambda path, g: tifffile.imwrite(path, _rgb(g), imagej=True)),
    "composite of two copies": ("tif", _composite),
    "stale ImageJ header": ("tif", _stale_imagej),
    "OME": ("ome.tif", lambda path, g: tifffile.imwrite(path, g, ome=True, metadata={"axes": "YX"})),
    "OME RGB": ("ome.tif", lambda path, g: tifffile.imwrite(path, _rgb(g), photometric="rgb", ome=True)),
    "OME header of a set": ("ome.tif", _ome_of_a_set),
    "OME header of a renamed set": ("tif", _renamed_ome),
    "thumbnail beside": ("tif", _with_thumbnail),
    "pyramid": ("ome.tif", _pyramid),
    "grey PNG": ("png", _pillow(Pillow.fromarray)),
    "16-bit PNG": ("png", _png16(lambda g: g, 0)),
    "16-bit RGB PNG": ("png", _png16(_rgb, 2)),
    "16-bit grey and alpha PNG": ("png", _png16(_grey_alpha, 4)),
    "16-bit RGB and alpha PNG": ("png", _png16(_rgb_alpha, 6)),
    "RGB PNG": ("png", _pillow(lambda g: Pillow.fromarray(_rgb(g)))),
    "grey and alpha PNG": ("png", _pillow(lambda g: Pillow.fromarray(_grey_alpha(g)))),
    "RGB and alpha PNG": ("png", _pillow(lambda g: Pillow.fromarray(_rgb_alpha(g)))),
    "palette PNG": ("png", _pillow(_palette)),
    "PNG with a transparent colour": ("png", _transparent_colour),
    "turned PNG": ("png", _turned_png),
    "BMP": ("bmp", _pillow(Pillow.fromarray)),
    "RGB BMP": ("bmp", _pillow(lambda g: Pillow.fromarray(_rgb(g)))),
    "PNG that imagecodecs wrote": ("png", lambda path, g: path.write_bytes(imagecodecs.png_encode(g)) and None),
}  # fmt: skip
