"""Stage study: every arm against the real images alone, as tables, sentences, curves and figures."""

import json
from pathlib import Path

import click
import pandas as pd

from cellarena.benchmarking.coverage import coverage_of
from cellarena.evaluation.arm_contents import Contents, contents_of
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.coverage import refuse_uncovered
from cellarena.evaluation.curves import F1_OVER_THRESHOLDS, VALIDATION_F1, long_curves
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.evaluation.study import STUDY, STUDY_BY_MODALITY, study_by_modality, study_summary, study_table
from cellarena.evaluation.study_words import model_sentence
from cellarena.evaluation.summary import Tables, f1_over_thresholds, trial_table
from cellarena.evaluation.trials import TRIAL_COLUMNS
from cellarena.files import write_bytes
from cellarena.records import REAL, read_manifest
from cellarena.reporting.logs import by_model, read_curve
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder


@click.command()
@click.pass_obj
def study(project: Project) -> None:
    """Compare each arm with the real images alone for every model, by modality too; say it, tabulate it, draw it."""
    layout, grid = project.layout, project.grid
    settings = project.read(Comparing, "compare")
    records = read_manifest(layout.subset("test"))
    if grid.compared_runs:
        refuse_uncovered(coverage_of(layout, grid.compared_runs, records))
    tables = [(run, of_protocol(SCORES.read(layout.scores(run)), STRICT)) for run in grid.compared_runs]
    contents = _contents(project)
    trials = trial_table(tables) if tables else pd.DataFrame(columns=list(TRIAL_COLUMNS))
    whole = study_table(trials, contents, settings)
    modalities = {record.id: record.modality for record in records}
    by_modality = study_by_modality(trials, modalities, contents, settings)
    with fresh_folder(layout.study_curves) as curves, fresh_folder(layout.study_figures) as figures:
        f1, validation = _curves(project, tables)
        F1_OVER_THRESHOLDS.write(_mean_of_models(f1, "threshold"), curves / "f1_over_thresholds.csv")
        VALIDATION_F1.write(_mean_of_models(validation, "step"), curves / "validation_f1.csv")
        _draw(project, whole, by_modality, trials, figures)
        _draw_curves(project, f1, validation, figures)
        STUDY.write(whole, layout.study)
        STUDY_BY_MODALITY.write(by_modality, layout.study_by_modality)
        content = json.dumps(study_summary(tables, records, whole), indent=2, sort_keys=True, allow_nan=False) + "\n"
        write_bytes(content.encode(), layout.study_summary)
    for model in grid.studied:
        click.echo(model_sentence(whole[whole["model"] == model], settings.smallest_effect))
    if not grid.studied:
        click.echo("no study is declared: see study.models and study.arms in params.yaml")


def _contents(project: Project) -> dict[str, Contents]:
    """Return what each arm of the study learns from, the real images alone first."""
    layout, grid = project.layout, project.grid
    synthetic = layout.synthetic("").relative_to(layout.data).as_posix()
    return {
        name: contents_of(
            grid.arm(name).label, grid.arm(name).generator, read_manifest(layout.learnt(name)[0]), synthetic
        )
        for name in (REAL, *(grid.study.arms if grid.studied else ()))
    }


def _curves(project: Project, tables: Tables) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Return F1 over IoU thresholds and validation F1 of each arm: index threshold or step, a column per model."""
    grid = project.grid
    models, arms = grid.studied, (REAL, *grid.study.arms)
    if not models:
        return {arm: pd.DataFrame() for arm in arms}, {arm: pd.DataFrame() for arm in arms}
    f1 = {arm: f1_over_thresholds(tables, arm).set_index("threshold")[models] for arm in arms}
    logs = {run: read_curve(project.layout.log(run), "val/f1") for run in grid.compared_runs}
    validation = {
        arm: by_model({run: curve for run, curve in logs.items() if run.arm == arm}, models).set_index("step")
        for arm in arms
    }
    return f1, validation


def _mean_of_models(curves: dict[str, pd.DataFrame], x: str) -> pd.DataFrame:
    """Return the mean F1 over the study's models as a long table, the real images alone first."""
    wide = pd.DataFrame({arm: curve.mean(axis=1) for arm, curve in curves.items()}).sort_index()
    return long_curves(wide.rename_axis(x).reset_index(), "f1")


def _draw(
    project: Project, whole: pd.DataFrame, by_modality: pd.DataFrame, trials: pd.DataFrame, figures: Path
) -> None:
    from cellarena.reporting.figures.differences import differences, differences_by_modality
    from cellarena.reporting.figures.study import dose_response
    from cellarena.reporting.figures.style import save

    settings = project.read(Comparing, "compare")
    judged = settings.smallest_effect, settings.confidence
    for model in project.grid.studied:
        lines, parts = whole[whole["model"] == model], by_modality[by_modality["model"] == model]
        of_model = trials[trials["row"].str.startswith(f"{model}-")]
        seeds = of_model.assign(arm=of_model["row"].str.removeprefix(f"{model}-"))
        seeds = seeds.groupby(["arm", "seed"])["value"].mean().reset_index()
        drawn = dose_response(lines, seeds, *judged, f"{model}: synthetic images and score")
        save(drawn, figures / f"dose_response_{model}.png")
        drawn = differences(lines, *judged, f"{model}: every arm against its reference")
        save(drawn, figures / f"differences_{model}.png")
        drawn = differences_by_modality(parts, *judged, f"{model}: every arm against its reference, by modality")
        save(drawn, figures / f"modalities_{model}.png")


def _draw_curves(
    project: Project, f1: dict[str, pd.DataFrame], validation: dict[str, pd.DataFrame], figures: Path
) -> None:
    from cellarena.reporting.figures.curves import threshold_curves, validation_curves
    from cellarena.reporting.figures.style import save

    grid = project.grid
    for model in grid.studied:
        wide = pd.DataFrame({grid.arm(arm).label: curve[model] for arm, curve in f1.items()})
        title = f"{model}: F1 over IoU thresholds, test subset"
        save(threshold_curves(wide.reset_index(), title), figures / f"f1_over_thresholds_{model}.png")
        wide = pd.DataFrame({grid.arm(arm).label: curve[model] for arm, curve in validation.items()}).sort_index()
        title = f"{model}: validation score during training"
        save(validation_curves(wide.reset_index(), title), figures / f"validation_f1_{model}.png")
