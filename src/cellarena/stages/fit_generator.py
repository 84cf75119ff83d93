"""Stage fit-generator: a generator learns how images look, from training images and their labels."""

from pathlib import Path
from typing import Any

import click
import pandas as pd

from cellarena.code.fingerprints import fingerprint_of
from cellarena.extensions import versions
from cellarena.records import Record
from cellarena.shell.annotated import files_of
from cellarena.shell.left_out import leave_out_unasked
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder
from cellarena.stages._generators import known_records, read_examples
from cellarena.stages._watching import Watching
from cellarena.synthesis.generators.spec import GENERATORS, LEARNERS, LOSSES, Fit, Fitted, GeneratorSettings
from cellarena.synthesis.previews import Previews
from cellarena.synthesis.settings import Synthesis
from cellarena.synthesis.stored_generators import read_generator, write_generator

_LIBRARIES = ("torch", "monai", "numpy")


@click.command("fit-generator")
@click.argument("generator")
@click.pass_obj
@fixed_threads
def fit_generator(project: Project, generator: str) -> None:
    """Fit a generator of synthetic images to the train subset; an interrupted fit goes on where it was."""
    if leave_out_unasked(
        project, generator, [project.layout.generator(generator), project.layout.generator_plots(generator)]
    ):
        return
    from cellarena.learning.shortage import short_of_memory
    from cellarena.stages._lifeline import die_with_dvc

    die_with_dvc()
    with short_of_memory(f"fit-generator {generator}", f"crop, batch_size or width of generators.{generator}"):
        _fit(project, generator)


def _fit(project: Project, generator: str) -> None:
    from cellarena.learning.fingerprints import discard, fingerprint, prepare
    from cellarena.learning.recipe import device_of

    layout = project.layout
    records = known_records(project, generator)
    device = device_of(project.read(str, "training", "accelerator"))
    settings = _settings(project, generator, device)
    used = [layout.preprocessed / path for r in records for path in files_of(r)]
    code = fingerprint_of("fit-generator", GENERATORS.entry(settings["kind"]))
    identity = fingerprint({**settings, "code": code}, used)
    state = prepare(layout.generator_state(generator, identity))
    examples = read_examples(layout.preprocessed, records)
    previews = Previews.of(examples, state / "samples", settings["seed"])
    with Watching(previews, settings["steps"], generator) as watch:
        fit = Fit(settings["steps"], settings["seed"], device, state, watch)
        fitted = LEARNERS[settings["kind"]](_own_settings(project, settings["kind"]), examples, fit)
    with fresh_folder(layout.generator(generator)) as folder, fresh_folder(layout.generator_plots(generator)) as plots:
        write_generator({**_card(settings, fitted, records), "fingerprint": identity}, fitted.weights, folder)
        painter, _ = read_generator(folder, device)
        previews.paint(_steps(fitted), painter)
        _draw(previews, fitted, generator, plots)
    discard(state)


def _settings(project: Project, name: str, device: str) -> dict[str, Any]:
    """Return all that a fit depends on beside the images and the code, as JSON types."""
    synthesis = project.read(Synthesis, "synthesize")
    kind = synthesis.generators[name].kind
    return {
        "kind": kind,
        "settings": _own_settings(project, kind).model_dump(mode="json"),
        "seed": synthesis.seed,
        "steps": synthesis.steps[project.read(str, "budget")],
        "device": device,
        "threads": project.read(int, "training", "threads"),
        "libraries": versions(_LIBRARIES, GENERATORS.entry(kind).extensions()),
    }


def _own_settings(project: Project, kind: str) -> GeneratorSettings:
    return project.read(GENERATORS[kind], "generators", kind)


def _steps(fitted: Fitted) -> int:
    """Return how many optimizer steps were taken; 0 where nothing is learnt by steps."""
    return int(fitted.losses[-1]["step"]) if fitted.losses else 0


def _card(settings: dict[str, Any], fitted: Fitted, records: list[Record]) -> dict[str, Any]:
    trained_on = [{"id": record.id, "sha256": record.sha256} for record in records]
    return {**settings, "steps": _steps(fitted), "facts": fitted.facts, "trained_on": trained_on}


def _draw(previews: Previews, fitted: Fitted, generator: str, folder: Path) -> None:
    from cellarena.reporting.figures.generators import COLOURS, Painted, loss_curves, sample_sheet
    from cellarena.reporting.figures.style import save

    losses = pd.DataFrame(fitted.losses or [], columns=list(fitted.losses[0]) if fitted.losses else LOSSES.names)
    LOSSES.write(losses, folder / "losses.csv")
    rows = [Painted(e.id, e.modality, e.labels, e.image, previews.painted(n)) for n, e in enumerate(previews.examples)]
    save(sample_sheet(rows, f"{generator}: what it painted while it learnt"), folder / "samples.png", COLOURS)
    if fitted.losses:
        save(loss_curves(losses, f"{generator}: losses"), folder / "losses.png")
