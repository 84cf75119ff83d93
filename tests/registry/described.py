"""Packages for tests: what they say, without a network behind it."""

import pandas as pd

from cellarena.registry.packages.gates import Candidate
from cellarena.registry.packages.package import Data, Licence, Package, Score
from cellarena.registry.packages.packing import PACKED_SCORES

SHA256 = "0" * 64


def package(licence="CC0-1.0", is_non_commercial=False, files=None):
    return Package(
        run="unet-real-0",
        variant="a network",
        score=Score(protocol="strict-1", mean=0.5, low=0.4, high=0.6, n_expected=3, n_covered=3),
        licence=Licence(name=licence, is_non_commercial=is_non_commercial, parents={"images: simulated": licence}),
        data=Data(source="simulated", subsets={"real": SHA256}, n_images={"real": 3}),
        libraries={"torch": "2.13.0"},
        files=files or {},
    )


def candidate(f1, label="unet@v1.0.0", statuses=None, hashes=None, **of_package):
    n = len(f1)
    images = [f"image{i:02}" for i in range(n)]
    lines = zip(images, ["dic"] * n, hashes or [SHA256] * n, statuses or ["ok"] * n, f1, strict=True)
    return Candidate(label, package(**of_package), pd.DataFrame(lines, columns=PACKED_SCORES.names))
