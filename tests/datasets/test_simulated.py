from pathlib import Path

import numpy as np

from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Simulation, describe


def samples(n_images: int, seed: int = 0) -> list[Sample]:
    acquisition = Acquisition(
        source="simulated",
        root=Path("data"),
        licence="",
        max_pixels=1_000_000,
        simulated=Simulation(images=n_images, seed=seed),
    )
    return list(SOURCES["simulated"].samples(acquisition))


def test_ids_count_from_one_and_name_the_modality() -> None:
    assert [sample.id for sample in samples(5)] == [
        "sim_0001_brightfield",
        "sim_0002_fluorescence",
        "sim_0003_phase_contrast",
        "sim_0004_dic",
        "sim_0005_brightfield",
    ]


def test_an_image_does_not_depend_on_how_many_there_are() -> None:
    for few, many in zip(samples(4), samples(6), strict=False):
        assert few.id == many.id
        assert np.array_equal(few.image, many.image)
        assert np.array_equal(few.labels, many.labels)


def test_the_seed_changes_every_image() -> None:
    for one, other in zip(samples(4, seed=0), samples(4, seed=1), strict=True):
        assert one.image.shape != other.image.shape or not np.array_equal(one.image, other.image)


def test_the_source_is_free_to_use_and_describes_its_records() -> None:
    source = SOURCES["simulated"]
    assert source.licence == "CC0-1.0"
    sample = samples(4)[0]
    record = describe(sample, "a.tiff", "b.tiff", "simulated", source.licence)
    assert (record.modality, record.channels, record.dtype) == ("brightfield", 3, "uint8")
    assert record.n_objects == int(sample.labels.max())
