"""Where what belongs to one run lies."""

from dataclasses import dataclass
from pathlib import Path

from cellarena.records import REAL, Record, Run


@dataclass(frozen=True)
class RunPaths:
    """Paths of a training, its predictions, scores and analyses."""

    root: Path

    def _made(self, kind: str, run: Run) -> Path:
        """Return a root of outputs; the study's lie apart, so that the benchmark does not wait for them."""
        return self.root / kind if run.arm == REAL else self.root / kind / "study"

    def checkpoint(self, run: Run) -> Path:
        """Return the folder of a run's model.safetensors, last.safetensors and model.json."""
        return self._made("data", run) / "checkpoints" / str(run)

    def ensemble(self, run: Run) -> Path:
        """Return the folder of an ensemble's model.json and of its members' checkpoints."""
        return self.root / "data" / "ensembles" / str(run)

    def resume(self, run: Run, fingerprint: str) -> Path:
        """Return the folder that an interrupted training is continued from; git and DVC ignore it."""
        return self.root / ".resume" / str(run) / fingerprint

    def predictions(self, run: Run) -> Path:
        """Return the folder of a run's predicted label images."""
        return self._made("data", run) / "predictions" / str(run)

    def prediction(self, run: Run, record: Record) -> Path:
        """Return a run's predicted label image of one record."""
        return self.predictions(run) / f"{record.id}.tiff"

    def failures(self, run: Run) -> Path:
        """Return the table of the images that a run could not segment."""
        return self.predictions(run) / "failures.csv"

    def probabilities(self, run: Run) -> Path:
        """Return the folder of a run's class probabilities of the validation and the test subset."""
        return self._made("data", run) / "probabilities" / str(run)

    def probability(self, run: Run, subset: str, record: Record) -> Path:
        """Return a run's class probabilities of one record of a subset."""
        return self.probabilities(run) / subset / f"{record.id}.tiff"

    def unpredicted(self, run: Run) -> Path:
        """Return the table of the images that a run has no probabilities of."""
        return self.probabilities(run) / "failures.csv"

    def calibration(self, run: Run) -> Path:
        """Return the folder of the tables that say how far a run's probabilities can be trusted."""
        return self._made("data", run) / "calibration" / str(run)

    def scores(self, run: Run) -> Path:
        """Return a run's tidy score table."""
        return (self.root / "data" / "scores" if run.arm == REAL else self.study_scores) / f"{run}.csv"

    def cells(self, run: Run) -> Path:
        """Return the status of every image that a run was scored on, and the hashes of what was scored."""
        return self.scores(run).with_suffix(".cells.csv")

    @property
    def study_scores(self) -> Path:
        """The scores of the study's runs on its other arms; not in data/study, which they are made from."""
        return self.root / "data" / "study_scores"

    def errors(self, run: Run) -> Path:
        """Return the folder of a run's error tables: objects, counts, gains and strata."""
        return self._made("data", run) / "errors" / str(run)

    def gallery(self, run: Run) -> Path:
        """Return the figure of a run's worst errors of each kind."""
        return self._made("plots", run) / "errors" / f"{run}.png"

    def log(self, run: Run) -> Path:
        """Return the folder of a run's training log, written by DVCLive."""
        return self._made("metrics", run) / "runs" / str(run)

    def training_costs(self, run: Run) -> Path:
        """Return how long a run's training took; measured, so it differs from run to run."""
        return self._made("metrics", run) / "costs" / str(run) / "training.json"

    def prediction_costs(self, run: Run) -> Path:
        """Return the time and memory that a run's predictions took, and the size of its network."""
        return self._made("metrics", run) / "costs" / str(run) / "prediction.json"
