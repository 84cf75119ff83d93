"""Whether every network can learn four real images by heart: what it cannot learn here it will learn nowhere.

    CELLARENA_REAL_DATA=FOLDER python benchmarks/by_heart.py [--models unet maunet] [--steps 1600]

FOLDER holds images/ and labels/ of BBBC038 (Caicedo et al., Nature Methods 2019): two fluorescence and two histology
images are taken from it. Each network of the catalog learns them as params.yaml says, but without augmentation, until
its mean F1 at IoU 0.5 on these very images, its decoding tuned on them, is 0.95.
Exits 1 if a network does not get there.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import torch
from monai.transforms import CenterSpatialCropd, Compose
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from cellarena.datasets.cropping.augmentations import AUGMENTATIONS
from cellarena.datasets.cropping.crops import Annotated, Cropping, Crops
from cellarena.datasets.describing.fingerprint import fingerprint
from cellarena.images.intensity import to_rgb8
from cellarena.images.io import read_image
from cellarena.learning.checkpoints import build_network
from cellarena.learning.optimizers import clip, configured
from cellarena.learning.predict import Network, Tiles
from cellarena.learning.recipe import device_of, precision_of
from cellarena.learning.supervision import supervised_loss
from cellarena.learning.tuning import tuned
from cellarena.models.planning.nnunet_plan import plan
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.params import Params, load_params

CHOSEN = {
    "00071198d059ba7f": "fluorescence",
    "03b9306f44e9b895": "fluorescence",
    "0bf33d3db4282d91": "histology",
    "136000dc18fa6def": "histology",
}
CROP, BATCH, RATE = 128, 8, 3.0
CHECK_EVERY = 200
ENOUGH = 0.95


def chosen_images(root: Path, params: Params) -> list[Annotated]:
    """Return the chosen images as the stage preprocess makes them."""
    found = []
    for name, modality in CHOSEN.items():
        image = to_rgb8(read_image(root / f"images/{name}.png"), params.preprocess.low, params.preprocess.high)
        labels = read_image(root / f"labels/{name}_label.tiff")
        found.append(Annotated(image, labels, modality))
    return found


def only_cut(size: tuple[int, int]) -> Compose:
    """Return the augmentation that varies nothing."""
    return Compose([CenterSpatialCropd(("image", "labels"), size)])


def settled(name: str, params: Params, images: list[Annotated]) -> Hyperparameters:
    """Return a model's hyperparameters, completed by a plan for these images where it asks for one."""
    declared = getattr(params.models, name)
    if not MODELS[name].planned:
        return declared
    seen = fingerprint(((str(i), a.image, a.labels) for i, a in enumerate(images)), seed=0)
    n_channels = getattr(params.targets, MODELS[name].target).n_channels
    made = plan(seen["shapes"], 3, n_channels, params.plan, seen["median_relative_size"])
    completed: Hyperparameters = declared.planned(made)  # type: ignore[attr-defined]
    return completed


class Learner:
    """One network on its way to knowing the images by heart.

    Args:
        name: of the model.
        params: of the project.
        images: to be learnt.
        n_steps: after which its learning rate is zero.
    """

    def __init__(self, name: str, params: Params, images: list[Annotated], n_steps: int) -> None:
        self._own = settled(name, params, images)
        self._spec, self._target, self._images, self._n_steps = (
            MODELS[name],
            getattr(params.targets, MODELS[name].target),
            images,
            n_steps,
        )
        device = device_of(params.training.accelerator)
        self._half = precision_of(params.training.precision, params.training.accelerator) == "bf16-mixed"
        torch.manual_seed(0)
        network: Any = build_network(name, self._own, self._target)
        if self._spec.start:
            self._spec.start(self._own, network)
        self._network: nn.Module = network.to(device=device, memory_format=torch.channels_last)
        self._optimizing = configured(network.parameters(), self._own, n_steps, params.training.warmup, RATE)
        size = self._own.frame(CROP)
        cropping = Cropping(size, only_cut.__name__, self._own.normalisation, self._own.foreground)
        self._crops = Crops(images, self._target, cropping, seed=0)
        inference = params.predict.of_one_view
        self._segmenter = Network(self._network, self._target, Tiles.of(self._own, inference))

    def step(self, number: int) -> None:
        """Learn from one batch of crops."""
        if self._spec.phase:
            self._spec.phase(self._own, self._network, number / self._n_steps)
        pixels, encoded = self._batch(number)
        self._network.train()
        optimizer = self._optimizing["optimizer"]
        optimizer.zero_grad()
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._half):
            loss = supervised_loss(self._target, self._network(pixels), encoded)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), clip(self._own))
        optimizer.step()
        self._optimizing["lr_scheduler"]["scheduler"].step()

    def _batch(self, number: int) -> tuple[Tensor, Tensor]:
        size = self._own.batch_size(BATCH)
        crops = [self._crops[index] for index in range(number * size, (number + 1) * size)]
        device = next(self._network.parameters()).device
        pixels, encoded = (torch.stack(parts).to(device) for parts in zip(*crops, strict=True))
        return pixels, encoded

    def score(self) -> float:
        """Return the mean F1 on the images, objects that touch their border left out."""
        self._network.eval()
        return tuned(self._segmenter, self._images)[1]


def learn(name: str, params: Params, images: list[Annotated], n_steps: int, console: Console) -> tuple[int, float]:
    """Train until the images are known by heart, or to the last step; return the steps taken and the score."""
    learner, score = Learner(name, params, images, n_steps), 0.0
    for done in range(1, n_steps + 1):
        learner.step(done - 1)
        if done % CHECK_EVERY == 0 or done == n_steps:
            score = learner.score()
            console.print(f"{name}: step {done}, F1 {score:.3f}", highlight=False)
            if score >= ENOUGH:
                return done, score
    return n_steps, score


def main() -> int:
    """Let the networks learn; 1 if one does not get there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), help="all by default")
    parser.add_argument("--steps", type=int, default=1600, help="at most (default: %(default)s)")
    arguments = parser.parse_args()
    if "CELLARENA_REAL_DATA" not in os.environ:
        parser.error("set CELLARENA_REAL_DATA to a folder with images/ and labels/ of BBBC038")
    params = load_params(Path(__file__).parent.parent / "params.yaml")
    images = chosen_images(Path(os.environ["CELLARENA_REAL_DATA"]), params)
    AUGMENTATIONS[only_cut.__name__] = only_cut
    table, console = Table("model", "steps", "seconds", "mean F1@0.5", ""), Console(width=100)
    n_short = 0
    for name in arguments.models:
        start = time.monotonic()
        n_done, score = learn(name, params, images, arguments.steps, console)
        n_short += score < ENOUGH
        seconds = f"{time.monotonic() - start:.0f}"
        table.add_row(name, str(n_done), seconds, f"{score:.3f}", "" if score >= ENOUGH else f"below {ENOUGH}")
    console.print(table)
    return int(n_short > 0)


if __name__ == "__main__":
    sys.exit(main())
