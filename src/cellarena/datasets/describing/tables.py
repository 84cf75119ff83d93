"""The tables of a data set: what every image, channel and object holds, and each modality."""

from cellarena.datasets.describing.measures import CHANNEL, OBJECT
from cellarena.datasets.splitting.splits import SUBSETS
from cellarena.tables import IMAGE, MODALITY, integers, numbers, schema, texts

ALL = "all images"
"""The row of a summary that is not a modality's."""


CLIPPED = 0.01
"""A channel counts as clipped if more than this share of its pixels has its largest value."""


CLASSES = ("background", "interior", "boundary")


_NAMED = (*IMAGE, *MODALITY, *texts("subset", "that it belongs to", *SUBSETS))


_SIZE = (*integers("height, width", "of the image", "px"), *integers("channels", "of the image"))


_DTYPE = texts("dtype", "type of its pixels")


_SHARES = numbers(", ".join(f"{name}?" for name in CLASSES), "share of the annotated pixels")


_OF = texts("modality", f"of the images; {ALL} in the last row")


IMAGES = schema(
    "images", "What every annotated image of the data set holds, as acquired",
    _NAMED,
    texts("group?", "what must not be torn apart by a split"),
    _SIZE, _DTYPE,
    integers("bits", "of a pixel's channel"),
    numbers("megapixels", "of the image", "MP"),
    numbers("pixel_height_um?, pixel_width_um?", "of a pixel; empty where unknown", "µm"),
    integers("n_ignored", "pixels that nobody annotated"),
    integers("n_objects, n_inner", "objects, and those clear of the border"),
    numbers("density?", "objects per annotated megapixel", "1/MP"),
    numbers("area_median?", "of the objects", "px²"),
    numbers("touching?", "share of the objects with an 8-neighbour in another"),
    _SHARES,
)  # fmt: skip


CHANNELS = schema(
    "channels", "The intensities of every channel of every image",
    _NAMED, CHANNEL,
)  # fmt: skip


OBJECTS = schema(
    "objects", "Every annotated object of the data set",
    _NAMED, OBJECT,
    numbers("area_um2?", "empty where the pixel size is unknown", "µm²"),
)  # fmt: skip


SUMMARY = schema(
    "data set", "What the images of each modality have in common",
    _OF,
    integers(", ".join(f"n_{name}" for name in ("images", *SUBSETS)), "images, and those of each subset"),
    integers("n_near_duplicates", "images that have one"),
    integers("n_sizes", "different sizes"),
    numbers("megapixels_median", "of an image", "MP"),
    texts("bits, channels", "all that occur, joined by /"),
    integers("n_pixel_sizes", "different ones"),
    texts("pixel_sizes", "those that files say, and how many images say each"),
    integers("n_objects", "in all images"),
    integers("n_empty", "images without any"),
    integers("cells_min", "fewest objects of an image"),
    numbers("cells_median", "objects of an image"),
    integers("cells_max", "most objects of an image"),
    numbers("density_median?", "objects per annotated megapixel", "1/MP"),
    numbers("area_p05?, area_p25?, area_median?, area_p75?, area_p95?", "quantiles over all objects", "px²"),
    numbers("diameter_median?", "over all objects", "px"),
    numbers("touching?, cut?", "share of the objects"),
    integers("n_in_pieces", "objects whose pixels do not hang together"),
    _SHARES,
    integers("n_ignored", "pixels that nobody annotated"),
)  # fmt: skip


FORMATS = schema(
    "formats", "How many images each modality has of each size and pixel type",
    MODALITY, _SIZE, _DTYPE,
    integers("n_images", "of this kind"),
)  # fmt: skip


SUBSET_MEMBERS = schema(
    "subsets", "Images and objects of each modality in each subset",
    _OF,
    texts("subset", "the subset", *SUBSETS),
    integers("n_images, n_objects", "in it"),
)  # fmt: skip


INTENSITIES = schema(
    "intensities", "Intensities of each modality, pixel type and channel, as acquired",
    MODALITY, _DTYPE,
    integers("channel", "from 0"),
    integers("n_images", "that have it"),
    numbers("minimum, p01, median, p99, maximum", "extremes over, else median of, the images"),
    numbers("range_used?", "share of the type's range, median of the images"),
    integers("n_constant", "images whose channel has one value"),
    integers("n_clipped", f"others of which more than {CLIPPED:.0%} of the pixels have the largest value"),
)  # fmt: skip


NEAR_DUPLICATES = schema(
    "near-duplicates", "Images that look alike",
    integers("group", "those of one number look alike; from 1"),
    _NAMED,
    integers("n_in_group", "images in the group"),
)  # fmt: skip
