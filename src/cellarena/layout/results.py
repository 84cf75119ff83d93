"""Where the comparison of all runs lies, and the report."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ResultPaths:
    """Paths of what is said of all runs together."""

    root: Path

    @property
    def anatomy(self) -> Path:
        """Error tables of all runs side by side."""
        return self.root / "metrics" / "anatomy"

    @property
    def anatomy_figures(self) -> Path:
        """Figures of the errors of all runs."""
        return self.root / "plots" / "anatomy"

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
    def curves(self) -> Path:
        """Long tables of curves that `dvc plots` draws: row, threshold or step, value."""
        return self.root / "plots" / "curves"

    @property
    def figures(self) -> Path:
        """Figures of the comparison."""
        return self.root / "plots" / "comparison"

    @property
    def segmented(self) -> Path:
        """Label images of anybody's images, where no other folder is named; git ignores it."""
        return self.root / "segmented"

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
