"""Every path of the project is decided here, and only here."""

from dataclasses import dataclass
from pathlib import Path

from cellarena.records import Record, Run

SUBSETS = ("train", "val", "test")


@dataclass(frozen=True)
class Layout:
    """The paths of a project whose dvc.yaml lies in `root`.

    `data/` is big and lives in DVC's cache, `metrics/` is small numbers in git, `plots/` is what people look at.
    """

    root: Path

    @property
    def params(self) -> Path:
        """The parameters of the whole pipeline."""
        return self.root / "params.yaml"

    @property
    def raw(self) -> Path:
        """Images and labels as acquired, with their manifest."""
        return self.root / "data" / "raw"

    @property
    def preprocessed(self) -> Path:
        """8-bit RGB images, label images and classes, with their manifest."""
        return self.root / "data" / "preprocessed"

    @property
    def splits(self) -> Path:
        """The manifests of the subsets and the leakage report; their paths are relative to `preprocessed`."""
        return self.root / "data" / "splits"

    def manifest(self, folder: Path) -> Path:
        """Return the manifest of `raw` or `preprocessed`."""
        return folder / "manifest.csv"

    def subset(self, name: str) -> Path:
        """Return the manifest of train, val or test."""
        return self.splits / f"{name}.csv"

    @property
    def plans(self) -> Path:
        """What follows from the train subset for networks that configure themselves."""
        return self.root / "data" / "plans"

    def plan(self, model: str) -> Path:
        """Return what was planned for a model; an empty one for a model that does not configure itself."""
        return self.plans / model / "plan.json"

    @property
    def fingerprint(self) -> Path:
        """What the planner was told of the training images."""
        return self.plans / "fingerprint.json"

    def arm(self, name: str) -> Path:
        """Return the manifest that an arm trains on.

        Raises:
            ValueError: if there is no such arm.
        """
        if name != "real":
            raise ValueError(f"unknown arm {name!r}; known: real")
        return self.subset("train")

    @property
    def leakage(self) -> Path:
        """Groups of near-duplicates and what crosses subsets."""
        return self.splits / "leakage.json"

    def checkpoint(self, run: Run) -> Path:
        """Return the folder of a run's model.safetensors, last.safetensors and model.json."""
        return self.root / "data" / "checkpoints" / str(run)

    @property
    def members(self) -> Path:
        """Which trained models each ensemble is made of."""
        return self.root / "data" / "members.json"

    def resume(self, run: Run, fingerprint: str) -> Path:
        """Return the folder that an interrupted training is continued from; git and DVC ignore it."""
        return self.root / ".resume" / str(run) / fingerprint

    def predictions(self, run: Run) -> Path:
        """Return the folder of a run's predicted label images."""
        return self.root / "data" / "predictions" / str(run)

    def prediction(self, run: Run, record: Record) -> Path:
        """Return a run's predicted label image of one record."""
        return self.predictions(run) / f"{record.id}.tiff"

    def failures(self, run: Run) -> Path:
        """Return the table of the images that a run could not segment."""
        return self.predictions(run) / "failures.csv"

    def probabilities(self, run: Run) -> Path:
        """Return the folder of a run's class probabilities of the validation and the test subset."""
        return self.root / "data" / "probabilities" / str(run)

    def probability(self, run: Run, subset: str, record: Record) -> Path:
        """Return a run's class probabilities of one record of a subset."""
        return self.probabilities(run) / subset / f"{record.id}.tiff"

    def unpredicted(self, run: Run) -> Path:
        """Return the table of the images that a run has no probabilities of."""
        return self.probabilities(run) / "failures.csv"

    def calibration(self, run: Run) -> Path:
        """Return the folder of the tables that say how far a run's probabilities can be trusted."""
        return self.root / "data" / "calibration" / str(run)

    def scores(self, run: Run) -> Path:
        """Return a run's tidy score table."""
        return self.root / "data" / "scores" / f"{run}.csv"

    def cells(self, run: Run) -> Path:
        """Return the status of every image that a run was scored on, and the hashes of what was scored."""
        return self.root / "data" / "scores" / f"{run}.cells.csv"

    @property
    def strata(self) -> Path:
        """The bounds between the strata of the error analysis, from the train subset."""
        return self.root / "data" / "strata.csv"

    def errors(self, run: Run) -> Path:
        """Return the folder of a run's error tables: objects, counts, gains and strata."""
        return self.root / "data" / "errors" / str(run)

    def gallery(self, run: Run) -> Path:
        """Return the figure of a run's worst errors of each kind."""
        return self.root / "plots" / "errors" / f"{run}.png"

    @property
    def anatomy(self) -> Path:
        """Error tables of all runs side by side."""
        return self.root / "metrics" / "anatomy"

    @property
    def anatomy_figures(self) -> Path:
        """Figures of the errors of all runs."""
        return self.root / "plots" / "anatomy"

    def log(self, run: Run) -> Path:
        """Return the folder of a run's training log, written by DVCLive."""
        return self.root / "metrics" / "runs" / str(run)

    def training_costs(self, run: Run) -> Path:
        """Return how long a run's training took; measured, so it differs from run to run."""
        return self.root / "metrics" / "costs" / str(run) / "training.json"

    def prediction_costs(self, run: Run) -> Path:
        """Return the time and memory that a run's predictions took, and the size of its network."""
        return self.root / "metrics" / "costs" / str(run) / "prediction.json"

    @property
    def summary(self) -> Path:
        """The one DVC metric: model -> arm -> metric."""
        return self.root / "metrics" / "summary.json"

    @property
    def benchmark(self) -> Path:
        """Every metric of the comparison: a row per model and arm."""
        return self.root / "metrics" / "benchmark.csv"

    @property
    def coverage(self) -> Path:
        """How many of the expected images each run covers."""
        return self.root / "metrics" / "coverage.csv"

    @property
    def calibrations(self) -> Path:
        """The calibration of every run: a row per run, region and metric."""
        return self.root / "metrics" / "calibration.csv"

    @property
    def calibration_figures(self) -> Path:
        """Reliability diagrams and risk-coverage curves."""
        return self.root / "plots" / "calibration"

    @property
    def training(self) -> Path:
        """Every trained run of the comparison: how far it came, what it reached, what it cost."""
        return self.root / "metrics" / "training.csv"

    @property
    def pairwise(self) -> Path:
        """Every pair of rows with its verdict."""
        return self.root / "metrics" / "pairwise.csv"

    @property
    def ranks(self) -> Path:
        """The rows by their mean rank over the test images."""
        return self.root / "metrics" / "ranks.csv"

    @property
    def intervals(self) -> Path:
        """Every row's mean F1 with its intervals and its noise floor."""
        return self.root / "metrics" / "intervals.csv"

    @property
    def mixed_model(self) -> Path:
        """The check of the pairwise table by a mixed model."""
        return self.root / "metrics" / "mixed_model.csv"

    @property
    def dataset_plots(self) -> Path:
        """Contact sheets of the data set."""
        return self.root / "plots" / "dataset"

    @property
    def dataset_figures(self) -> Path:
        """Figures of what the data set holds."""
        return self.dataset_plots / "figures"

    @property
    def dataset_metrics(self) -> Path:
        """Tables of the data set by modality."""
        return self.root / "metrics" / "dataset"

    def dataset_table(self, name: str) -> Path:
        """Return summary, formats, subsets, intensities or near_duplicates: a table of the data set by modality."""
        return self.dataset_metrics / f"{name}.csv"

    @property
    def exploration(self) -> Path:
        """The tables images, channels and objects: a row for each of the data set."""
        return self.root / "data" / "exploration"

    @property
    def curves(self) -> Path:
        """Wide tables that `dvc plots` draws."""
        return self.root / "plots" / "curves"

    @property
    def figures(self) -> Path:
        """Figures of the comparison."""
        return self.root / "plots" / "comparison"

    @property
    def report(self) -> Path:
        """The report as Markdown, for git."""
        return self.root / "reports" / "report.md"

    @property
    def report_text(self) -> Path:
        """The report as plain text, for git."""
        return self.root / "reports" / "report.txt"

    @property
    def report_pdf(self) -> Path:
        """The report to print and to send."""
        return self.root / "reports" / "report.pdf"

    @property
    def report_page(self) -> Path:
        """The report as one self-contained HTML file."""
        return self.root / "reports" / "report.html"

    @property
    def plots_page(self) -> Path:
        """The offline page that `dvc plots` fills in, named in .dvc/config; made at set-up."""
        return self.root / ".dvc" / "plots-page.html"
