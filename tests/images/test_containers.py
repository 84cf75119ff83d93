"""What a container says decides over its pixels: which channel, which plane, which of several files, how large."""

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from cellarena.faults import SecurityError
from cellarena.images.io import read_numbers, read_picture, write_image
from cellarena.images.picture import Choice

GREY = np.arange(20 * 24, dtype=np.uint8).reshape(20, 24)
FOUR = np.stack([GREY, GREY + 1, GREY + 2, GREY + 3])
DAPI = Choice(channels=("dapi",))


def tiff(path, pixels, **options):
    tifffile.imwrite(path, pixels, **({"photometric": "minisblack"} | options))
    return path


def imagej(path, pixels, axes, **metadata):
    return tiff(path, pixels, imagej=True, metadata={"axes": axes} | metadata)


def ome(path, pixels, axes, **metadata):
    return tiff(path, pixels, ome=True, metadata={"axes": axes} | metadata)


def interleaved(path, pixels, **options):
    return tiff(path, np.moveaxis(pixels, 0, -1), planarconfig="contig", metadata=None, **options)


FOUR_CHANNELS = {
    "samples": lambda path: interleaved(path, FOUR),
    "planar samples": lambda path: tiff(path, FOUR, planarconfig="separate", metadata=None),
    "ImageJ": lambda path: imagej(path, FOUR, "CYX"),
    "OME": lambda path: ome(path, FOUR, "CYX"),
    "axes of tifffile": lambda path: tiff(path, FOUR, metadata={"axes": "CYX"}),
    "RGB and something else": lambda path: interleaved(path, FOUR, photometric="rgb", extrasamples=["unspecified"]),
    "samples in tiles": lambda path: interleaved(path, FOUR, tile=(16, 16)),
}


@pytest.mark.parametrize("write", FOUR_CHANNELS.values(), ids=FOUR_CHANNELS)
def test_a_fourth_channel_is_asked_for_and_read(tmp_path, write):
    path = write(tmp_path / "four.tif")
    with pytest.raises(ValueError, match=r"four\.tif: has 4 channels .*acquire\.channels \(segment: --channels\)"):
        read_picture(path, Choice())
    np.testing.assert_array_equal(read_picture(path, Choice(channels=("4",))).pixels, FOUR[3])
    np.testing.assert_array_equal(read_picture(path, Choice(channels=("4", "1"))).pixels, np.dstack([FOUR[3], FOUR[0]]))


def test_channels_go_by_the_names_that_the_file_gives_them(tmp_path):
    names = ["actin", "tubulin", "GFP", "DAPI"]
    paths = [
        ome(tmp_path / "a.ome.tif", FOUR, "CYX", Channel={"Name": names}),
        imagej(tmp_path / "b.tif", FOUR, "CYX", Labels=names),
    ]
    for path in paths:
        with pytest.raises(ValueError, match="1 'actin', 2 'tubulin', 3 'GFP', 4 'DAPI'"):
            read_picture(path, Choice())
        picture = read_picture(path, DAPI)
        np.testing.assert_array_equal(picture.pixels, FOUR[3])
        assert picture.channel_names == ("DAPI",)


def test_names_that_a_table_could_not_hold_are_made_such(tmp_path):
    names = ["GFP; 488", "line\nbreak", "x" * 1000, "DAPI"]
    path = ome(tmp_path / "a.ome.tif", FOUR, "CYX", Channel={"Name": names})
    picture = read_picture(path, Choice(channels=("1", "2", "3")))
    assert picture.channel_names == ("GFP 488", "line break", "x" * 100)


def test_names_that_are_digits_do_not_pass_for_numbers(tmp_path):
    path = ome(tmp_path / "a.ome.tif", FOUR, "CYX", Channel={"Name": ["0", "1", "2", "3"]})
    np.testing.assert_array_equal(read_picture(path, Choice(channels=("1",))).pixels, FOUR[0])


@pytest.mark.parametrize("channel", ["CFP", "5", "0", "-1"])
def test_a_channel_that_is_not_there_is_refused(tmp_path, channel):
    path = interleaved(tmp_path / "a.tif", FOUR)
    with pytest.raises(ValueError, match=f"lacks the channel '{channel}'; it has 1, 2, 3, 4"):
        read_picture(path, Choice(channels=(channel,)))


def test_a_second_channel_that_is_not_alpha_is_a_channel(tmp_path):
    for path in (interleaved(tmp_path / "a.tif", FOUR[:2]), imagej(tmp_path / "b.tif", FOUR[:2], "CYX")):
        picture = read_picture(path, Choice())
        np.testing.assert_array_equal(picture.pixels, np.moveaxis(FOUR[:2], 0, -1))
        assert picture.channel_names == ("1", "2")


def test_one_colour_of_an_rgb_image_is_grey(tmp_path):
    rgb = np.dstack([GREY, GREY // 2, GREY // 3])
    Pillow.fromarray(rgb).save(tmp_path / "a.png")
    Pillow.fromarray(rgb).quantize(200).save(tmp_path / "palette.png")
    tiff(tmp_path / "a.tif", rgb, photometric="rgb", metadata=None)
    for name in ("a.png", "a.tif"):
        np.testing.assert_array_equal(read_picture(tmp_path / name, Choice(channels=("green",))).pixels, GREY // 2)
    assert read_picture(tmp_path / "palette.png", Choice(channels=("blue",))).pixels.shape == GREY.shape


@pytest.mark.parametrize("write", [imagej, ome], ids=["ImageJ", "OME"])
def test_a_stack_is_refused_with_its_axes_and_read_where_a_plane_is_chosen(tmp_path, write):
    stack = np.arange(2 * 5 * 3 * 20 * 24, dtype=np.uint16).reshape(2, 5, 3, 20, 24)
    path = write(tmp_path / "stack.ome.tif", stack, "TZCYX")
    with pytest.raises(ValueError, match=r"is a stack \(T 2, Z 5, C 3, Y 20, X 24\); choose one with acquire\.plane"):
        read_picture(path, Choice())
    with pytest.raises(ValueError, match=r"acquire\.plane \(t: 1 to 2\)"):
        read_picture(path, Choice(z=4))
    with pytest.raises(ValueError, match=r"acquire\.plane\.z is 6, but it has 5 planes"):
        read_picture(path, Choice(z=6, t=1))
    np.testing.assert_array_equal(read_picture(path, Choice(z=4, t=2)).pixels, np.moveaxis(stack[1, 3], 0, -1))
    np.testing.assert_array_equal(read_picture(path, Choice(z=4, t=2, channels=("3",))).pixels, stack[1, 3, 2])


def test_pages_without_a_name_are_a_stack_unless_channels_are_asked_for(tmp_path):
    path = tiff(tmp_path / "pages.tif", FOUR, metadata=None)
    with pytest.raises(ValueError, match=r"pages 4, Y 20, X 24\); choose one with acquire\.plane \(z: 1 to 4\)"):
        read_picture(path, Choice())
    for choice in (Choice(z=4), Choice(channels=("4",))):
        np.testing.assert_array_equal(read_picture(path, choice).pixels, FOUR[3])


def ome_header(size_z=1, size_c=1, size_t=1, blocks="<TiffData/>", extra=""):
    return (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="24" SizeY="20" '
        f'SizeZ="{size_z}" SizeC="{size_c}" SizeT="{size_t}" {extra}>{blocks}</Pixels></Image></OME>'
    )


def block(file, uuid, ifd=0, count=1, **first):
    firsts = " ".join(f'First{axis.upper()}="{number}"' for axis, number in first.items())
    inside = f'<UUID FileName="{file}">urn:uuid:{uuid}</UUID>'
    return f'<TiffData IFD="{ifd}" PlaneCount="{count}" {firsts}>{inside}</TiffData>'


@pytest.mark.parametrize("sibling", [b"", b"II*\0 no directory", b"x" * 100_000])
def test_of_a_set_of_files_a_files_own_plane_is_read_whatever_its_sibling_is(tmp_path, sibling):
    blocks = block("t0.ome.tif", 0, t=0) + block("t1.ome.tif", 1, t=1)
    path = tiff(tmp_path / "t1.ome.tif", GREY, metadata=None, description=ome_header(size_t=2, blocks=blocks))
    (tmp_path / "t0.ome.tif").write_bytes(sibling)
    np.testing.assert_array_equal(read_picture(path, Choice()).pixels, GREY)


def test_of_a_set_of_time_points_a_files_own_channels_are_read(tmp_path):
    names = '<Channel ID="c:0" Name="GFP"/><Channel ID="c:1" Name="DAPI"/>'
    blocks = names + block("t0.ome.tif", 0, count=2, t=0) + block("t1.ome.tif", 1, count=2, t=1)
    header = ome_header(size_c=2, size_t=2, blocks=blocks)
    path = tiff(tmp_path / "t1.ome.tif", FOUR[:2], metadata=None, description=header)
    picture = read_picture(path, Choice())
    np.testing.assert_array_equal(picture.pixels, np.moveaxis(FOUR[:2], 0, -1))
    assert picture.channel_names == ("GFP", "DAPI")
    np.testing.assert_array_equal(read_picture(path, DAPI).pixels, FOUR[1])


def test_planes_that_only_a_stale_header_has_are_not_made_up(tmp_path):
    one = tiff(tmp_path / "one.ome.tif", GREY, metadata=None, description=ome_header(size_c=3))
    np.testing.assert_array_equal(read_picture(one, Choice()).pixels, GREY)
    two = tiff(tmp_path / "two.ome.tif", FOUR[:2], metadata=None, description=ome_header(size_z=9))
    with pytest.raises(ValueError, match=r"is a stack \(pages 2"):
        read_picture(two, Choice())


@pytest.mark.parametrize("axis", ["channels", "slices"])
def test_bytes_behind_the_only_plane_are_not_taken_for_more_of_them(tmp_path, axis):
    header = f"ImageJ=1.53t\nimages=2\n{axis}=2\n"
    path = tiff(tmp_path / "a.tif", GREY, metadata=None, description=header)
    path.write_bytes(path.read_bytes() + bytes(range(256)) * 8)
    with pytest.raises(ValueError, match="speaks of 2 planes, but it has the directory of 1"):
        read_picture(path, Choice())
    np.testing.assert_array_equal(read_picture(path, Choice(z=1)).pixels, GREY)


@pytest.mark.parametrize("options", [{"tile": (16, 16)}, {"rowsperstrip": 5}], ids=["tiles", "strips"])
@pytest.mark.parametrize("tag", ["StripOffsets", "StripByteCounts"])
def test_parts_that_were_never_written_are_refused_with_their_number(tmp_path, options, tag):
    path = tiff(tmp_path / "a.tif", GREY, metadata=None, **options)
    name = tag.replace("Strip", "Tile") if "tile" in options else tag
    with tifffile.TiffFile(path, mode="r+") as file:
        values = list(file.pages.first.tags[name].value)
        values[2] = 0
        file.pages.first.tags[name].overwrite(values)
    kind = "tiles" if "tile" in options else "strips"
    with pytest.raises(ValueError, match=rf"a\.tif: 1 of its 4 {kind} were never written, the first is number 3"):
        read_picture(path, Choice())


@pytest.mark.parametrize(
    ("photometric", "name", "pixels"),
    [(5, "CMYK", np.dstack([GREY] * 4)), (6, "YCBCR", np.dstack([GREY] * 3)), (8, "CIELAB", np.dstack([GREY] * 3))],
)
def test_colours_that_are_not_converted_are_refused_by_name(tmp_path, photometric, name, pixels):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric=photometric, planarconfig="contig", metadata=None)
    with pytest.raises(ValueError, match=f"colours are {name}.*; save it as grey or RGB"):
        read_picture(path, Choice())


def test_real_numbers_of_which_0_is_white_are_refused(tmp_path):
    path = tiff(tmp_path / "a.tif", GREY / 255, photometric="miniswhite", metadata=None)
    with pytest.raises(ValueError, match="MinIsWhite"):
        read_picture(path, Choice())


def test_labels_are_the_numbers_whatever_colour_they_have(tmp_path):
    indexed = Pillow.fromarray(GREY, mode="P")
    indexed.putpalette(np.random.default_rng(0).integers(0, 255, 768, np.uint8).tobytes())
    indexed.save(tmp_path / "a.png")
    tiff(tmp_path / "b.tif", GREY, photometric="miniswhite", metadata=None)
    tifffile.imwrite(tmp_path / "c.tif", GREY, photometric="palette", colormap=np.zeros((3, 256), np.uint16))
    for name in ("a.png", "b.tif", "c.tif"):
        np.testing.assert_array_equal(read_numbers(tmp_path / name, Choice()).pixels, GREY)


def test_labels_are_turned_as_their_image_is(tmp_path):
    turned = np.ascontiguousarray(np.rot90(GREY, 1))
    path = tiff(tmp_path / "a.tif", turned, metadata=None, extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(read_numbers(path, Choice()).pixels, GREY)


LOSSY = {"jpeg": {}, "jpeg2000": {"level": 40}, "jpegxl": {"level": 40}, "webp": {"level": 40, "lossless": False}}
LOSSLESS = {"jpeg2000": {}, "jpegxl": {}, "webp": {}, "deflate": {}, "lzw": {}}


@pytest.mark.parametrize(
    ("compression", "arguments", "is_lossy"),
    [(*item, True) for item in LOSSY.items()] + [(*item, False) for item in LOSSLESS.items()],
)
@pytest.mark.parametrize("size", [(20, 24), (300, 411)])
def test_a_compression_that_changes_numbers_is_told(tmp_path, compression, arguments, is_lossy, size):
    pixels = np.random.default_rng(0).integers(0, 99, (*size, 3), np.uint8)
    options = {"photometric": "rgb", "compression": compression, "compressionargs": arguments, "metadata": None}
    path = tiff(tmp_path / "a.tif", pixels, **options)
    assert read_numbers(path, Choice()).is_lossy == is_lossy


def test_reduced_copies_and_masks_are_not_the_picture_wherever_they_lie(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(GREY[::4, ::4], photometric="minisblack", metadata=None, subfiletype=1)
        file.write(GREY, photometric="minisblack", metadata=None)
        file.write(GREY > 3, photometric="mask", metadata=None, subfiletype=4)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", Choice()).pixels, GREY)


def test_two_pictures_in_one_file_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(GREY, photometric="minisblack")
        file.write(GREY[:9], photometric="minisblack")
    with pytest.raises(ValueError, match=r"a\.tif: holds 2 image series"):
        read_picture(tmp_path / "a.tif", Choice())


def test_an_array_with_many_channels_last_asks_for_the_one_to_use(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(np.concatenate([FOUR, FOUR]), 0, -1))
    with pytest.raises(ValueError, match="has 8 channels"):
        read_picture(tmp_path / "a.tif", Choice())
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif", Choice(channels=("7",))).pixels, FOUR[2])


def test_pngs_say_their_pixel_size_too(tmp_path):
    Pillow.fromarray(GREY).save(tmp_path / "a.png", dpi=(50_800, 25_400))
    assert read_picture(tmp_path / "a.png", Choice()).pixel_size == pytest.approx((1, 0.5), rel=1e-3)
    Pillow.fromarray(GREY).save(tmp_path / "b.png", dpi=(72, 72))
    assert read_picture(tmp_path / "b.png", Choice()).pixel_size is None


def test_alpha_that_is_left_out_is_counted(tmp_path):
    tiff(tmp_path / "a.tif", FOUR, photometric="rgb", planarconfig="separate", extrasamples=[2], metadata=None)
    Pillow.fromarray(np.dstack([GREY, GREY])).save(tmp_path / "b.png")
    for name in ("a.tif", "b.png"):
        assert read_picture(tmp_path / name, Choice()).n_alpha == 1


def test_a_jpeg_with_a_preview_is_the_jpeg(tmp_path):
    rgb = Pillow.fromarray(np.dstack([GREY] * 3))
    rgb.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[rgb.resize((8, 8))])
    assert read_picture(tmp_path / "a.jpg", Choice()).pixels.shape == (20, 24, 3)
    rgb.save(tmp_path / "a.png", save_all=True, append_images=[rgb.rotate(180)])
    with pytest.raises(ValueError, match="2 frames"):
        read_picture(tmp_path / "a.png", Choice())


PIXEL_SIZES = {
    "ImageJ, um": ((0.5, 0.25), lambda p: imagej(p, GREY, "YX", unit="um"), (4.0, 2.0)),
    "ImageJ, escaped µm": ((0.5, 0.5), lambda p: imagej(p, GREY, "YX", unit="\\u00B5m"), (2.0, 2.0)),
    "ImageJ, nm": ((0.1, 0.1), lambda p: imagej(p, GREY, "YX", unit="nm"), (0.01, 0.01)),
    "ImageJ, a large mm": ((20.0, 20.0), lambda p: imagej(p, GREY, "YX", unit="mm"), (50.0, 50.0)),
    "ImageJ, pixel": (None, lambda p: imagej(p, GREY, "YX", unit="pixel"), (1.0, 1.0)),
    "centimetres": ((0.5, 0.25), lambda p: tiff(p, GREY, metadata=None, resolutionunit=3), (40_000.0, 20_000.0)),
    "a printer's 300 dpi": (None, lambda p: tiff(p, GREY, metadata=None, resolutionunit=2), (300.0, 300.0)),
    "a printer's 118 per cm": (None, lambda p: tiff(p, GREY, metadata=None, resolutionunit=3), (118.11, 118.11)),
    "no unit": (None, lambda p: tiff(p, GREY, metadata=None, resolutionunit=1), (40_000.0, 40_000.0)),
}


@pytest.mark.parametrize(("expected", "write", "resolution"), PIXEL_SIZES.values(), ids=PIXEL_SIZES)
def test_the_size_of_a_pixel_is_that_of_the_file(tmp_path, expected, write, resolution, monkeypatch):
    save = tifffile.imwrite
    monkeypatch.setattr(tifffile, "imwrite", lambda *args, **options: save(*args, resolution=resolution, **options))
    size = read_picture(write(tmp_path / "a.tif"), Choice()).pixel_size
    assert size == (expected and pytest.approx(expected, rel=1e-4))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('PhysicalSizeX="0.25" PhysicalSizeY="0.5"', (0.5, 0.25)),
        ('PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5" PhysicalSizeYUnit="µm"', (0.5, 0.25)),
        ('PhysicalSizeX="0.25"', None),
        ('PhysicalSizeX="0" PhysicalSizeY="nan"', None),
        ('PhysicalSizeX="1" PhysicalSizeXUnit="reference frame" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"', None),
    ],
)
def test_omes_physical_sizes(tmp_path, attributes, expected):
    header = ome_header(extra=attributes).encode()
    path = tiff(tmp_path / "a.ome.tif", GREY, metadata=None, description=header)
    assert read_picture(path, Choice()).pixel_size == (expected and pytest.approx(expected))


def test_a_turned_image_has_turned_pixels(tmp_path):
    path = tiff(
        tmp_path / "a.tif", GREY, metadata=None, resolution=(40_000, 20_000), resolutionunit=3,
        extratags=[(274, "H", 1, 8, True)],
    )  # fmt: skip
    assert read_picture(path, Choice()).pixel_size == pytest.approx((0.25, 0.5))


def test_what_is_written_says_its_size(tmp_path):
    write_image(GREY, tmp_path / "a.tiff", pixel_size=(0.65, 0.325))
    assert read_picture(tmp_path / "a.tiff", Choice()).pixel_size == pytest.approx((0.65, 0.325), rel=1e-6)
    write_image(np.dstack([GREY, GREY + 1]), tmp_path / "b.tiff")
    picture = read_picture(tmp_path / "b.tiff", Choice())
    assert (picture.pixels.shape, picture.pixel_size) == ((20, 24, 2), None)


def test_a_plane_of_too_many_pixels_is_refused_before_it_is_read(tmp_path):
    path = imagej(tmp_path / "a.tif", FOUR, "ZYX")
    with pytest.raises(SecurityError, match=r"a\.tif: declares 480 pixels, more than acquire\.max_pixels \(479\)"):
        read_picture(path, Choice(max_pixels=479, z=1))
    assert read_picture(path, Choice(max_pixels=480, z=1)).pixels.size == 480


def test_many_samples_of_few_pixels_are_not_read_either(tmp_path):
    path = interleaved(tmp_path / "a.tif", np.zeros((40, 20, 24), np.uint8), compression="deflate")
    with pytest.raises(SecurityError, match="declares 4,800 pixels"):
        read_picture(path, Choice(max_pixels=4_799, channels=("40",)))
    assert read_picture(path, Choice(max_pixels=4_800, channels=("40",))).pixels.shape == (20, 24)


@pytest.mark.parametrize("count", [10**12, -1])
def test_absurd_numbers_of_planes_in_a_header_are_no_work(tmp_path, count):
    blocks = block("a.tif", 1, count=count) + block("b.tif", 2, t=1)
    path = tiff(tmp_path / "a.tif", GREY, metadata=None, description=ome_header(size_z=10**12, blocks=blocks))
    np.testing.assert_array_equal(read_picture(path, Choice()).pixels, GREY)
