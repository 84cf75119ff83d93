"""Stage report: what people read, as Markdown and plain text for git, as PDF, and as one offline HTML file."""

from collections.abc import Sequence
from importlib.metadata import version

import click

from cellarena.evaluation.protocols import STRICT
from cellarena.layout import SUBSETS
from cellarena.learning.recipe import Budget
from cellarena.records import Record, read_manifest
from cellarena.reporting.document import Document
from cellarena.shell.project import Project
from cellarena.stages._rendering import write_report
from cellarena.stages._sections import sections_of


@click.command()
@click.pass_obj
def report(project: Project) -> None:
    """Render the report from the comparison's numbers and figures."""
    layout = project.layout
    test = read_manifest(layout.subset("test"))
    document = Document("Cell segmentation benchmark", _facts(project, test), sections_of(project, test))
    paths = {"md": layout.report, "txt": layout.report_text, "pdf": layout.report_pdf, "html": layout.report_page}
    write_report(document, paths)


def _facts(project: Project, test: Sequence[Record]) -> list[tuple[str, str]]:
    budget, source = project.read(str, "budget"), project.read(str, "acquire", "source")
    size = project.read(Budget, "budgets", budget)
    counts = {name: len(read_manifest(project.layout.subset(name))) for name in SUBSETS}
    return [
        ("Data", f"{source}; licence {', '.join(sorted({r.licence for r in test}))}"),
        ("Images", ", ".join(f"{name} {n}" for name, n in counts.items())),
        ("Objects in the test subset", str(sum(r.n_objects for r in test))),
        ("Protocol", f"{STRICT}, ranked by F1 at IoU 0.5"),
        ("Budget", f"{budget}: {size.steps} steps of {size.batch_size} crops of {size.crop} px"),
        ("Seeds", ", ".join(map(str, project.grid.seeds))),
        ("cellarena", version("cellarena")),
    ]
