"""Trees whose annotations are in a form that is not read: told by the names of their files, with the way out."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_TRACKING = re.compile(r"(?:.*/)?(\d{2,})_(?:GT|ST)/(?:SEG/man_seg|TRA/man_track)[^/]*")
_AS_LABEL_IMAGES = "draw the objects of each image into one label image, numbered 1, 2, 3, ..., labels/NAME.tif"
_FORMS = (
    (r"_seg\.npy", "Cellpose's _seg.npy, which can run code when read: save the masks from Cellpose as PNG or TIFF"),
    (
        r"_cp_outlines\.txt|(?:^|/)(?:labels?|annotations?)/(?:.*/)?[^/]*\.txt",
        f"outlines or boxes as text (Cellpose, YOLO), which are not read: {_AS_LABEL_IMAGES}",
    ),
    (r"\.json|\.geojson", f"polygons as JSON (COCO, labelme, QuPath), which are not read: {_AS_LABEL_IMAGES}"),
    (r"\.xml", f"annotations as XML, which are not read: {_AS_LABEL_IMAGES}"),
    (r"\.mat|\.npy|\.npz|\.h5|\.hdf5", "arrays in a file that is not read: write each image and label image as TIFF"),
    (r"\.roi|\.zip", f"ImageJ ROIs or an archive, which are not read: unpack it, or {_AS_LABEL_IMAGES}"),
    (
        r"\.nii|\.nii\.gz|\.nrrd|\.mha|\.dcm|\.czi|\.nd2|\.lif|\.lsm|\.oib|\.oif|\.vsi|\.svs|\.ndpi|\.mrxs|\.zarr|\.ims|"
        r"\.tif\.gz|\.gif|\.webp|\.jp2",
        "images in a format that is not read: export them as TIFF or PNG (Fiji, QuPath and bfconvert do)",
    ),
)


def tracking(files: Sequence[str]) -> str:
    """Return what to do with a tree of the Cell Tracking Challenge, "" if this is none.

    Its label images pair with frames by number, and not every frame has one.
    """
    found = {path: match[1] for path in sorted(files) if (match := _TRACKING.fullmatch(path))}
    if not found:
        return ""
    path = next((path for path in found if "/SEG/" in path), min(found))
    sequence, number = found[path], re.sub(r"\D", "", PurePosixPath(path).stem)
    return (
        f"{path}: a Cell Tracking Challenge folder, which is not read as it is; copy each frame that has a file in "
        f"{sequence}_GT/SEG to images/ and that file to labels/ under the frame's name, such as "
        f"images/{sequence}_t{number}.tif and labels/{sequence}_t{number}.tif (TRA holds markers, no outlines)"
    )


def advice(files: Sequence[str]) -> str:
    """Return what to do with annotations that are not read, "" if no file looks like some."""
    if said := tracking(files):
        return said
    for pattern, what in _FORMS:
        found = [path for path in files if re.search(rf"(?:{pattern})$", path, re.IGNORECASE)]
        if found:
            several = f" ({len(found)} such files)" if len(found) > 1 else ""
            return f"{found[0]}: {what}{several}"
    return ""
