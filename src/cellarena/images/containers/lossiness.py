"""Whether the compression inside a TIFF file changed the numbers: asked of the compressed bytes."""

_JPEG = frozenset({6, 7, 34892})
_JPEG2000 = frozenset({33003, 33004, 33005, 34712})
_WEBP, _JPEGXL = 50001, frozenset({50002, 52546})
_COD = b"\xff\x52"


def is_lossy(compression: int, head: bytes) -> bool:
    """Return whether a TIFF segment was compressed by a method that changes numbers.

    Args:
        compression: the TIFF tag's value.
        head: the first bytes of a compressed segment, 4 KiB are plenty.
    """
    if compression in _JPEG2000:
        # The 9-7 wavelet (ISO/IEC 15444-1, A.6.1).
        at = head.find(_COD)
        return not 0 <= at < len(head) - 13 or head[at + 13] == 0
    if compression == _WEBP:
        return b"VP8L" not in head
    return compression in _JPEG or (compression in _JPEGXL and _xyb(head))


class _Bits:
    """Bits of a JPEG XL header, the lowest of a byte first."""

    def __init__(self, content: bytes) -> None:
        self._number = int.from_bytes(content, "little")

    def take(self, n: int) -> int:
        value = self._number & ((1 << n) - 1)
        self._number >>= n
        return value

    def size(self, small: bool) -> None:
        self.take(5 if small else (9, 13, 18, 30)[self.take(2)])


def _xyb(head: bytes) -> bool:
    """Return whether a JPEG XL codestream stores perceptual colours, or may (ISO/IEC 18181-1, annex D)."""
    at = head.find(b"\xff\x0a")
    bits = _Bits(head[at + 2 : at + 66])
    small = bool(bits.take(1))
    bits.size(small)
    if bits.take(3) == 0:
        bits.size(small)
    if at < 0 or bits.take(1) or bits.take(1):
        return True
    is_float = bits.take(1)
    selector = bits.take(2)
    bits.take(6 if selector == 3 else 0)
    bits.take(4 if is_float else 0)
    bits.take(1)
    has_more_channels = bits.take(2)
    return bool(has_more_channels) or bool(bits.take(1))
