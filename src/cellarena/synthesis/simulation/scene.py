"""What lies under the microscope: cells, lowest first, and the label image of what is visible of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.synthesis.simulation.optics import blur
from cellarena.synthesis.simulation.shapes import Field, Window


@dataclass(frozen=True)
class Cell:
    """One placed cell: label, centre (row, column), window in the image, field over it, radius and blur in pixels.

    The field is that of `level_field`: 1 at the centre, 0 on the outline, negative outside.

    `strength` in (0, 1] is how strongly it is stained, how brightly it shines or how thick it is.
    """

    label: int
    centre: tuple[float, float]
    window: Window
    level: Field
    radius: float
    defocus: float
    strength: float

    @property
    def coverage(self) -> Field:
        """How much of each pixel of the window the cell covers, in [0, 1], as if in focus."""
        return np.clip(self.level * self.radius + 0.5, 0, 1)

    @property
    def thickness(self) -> Field:
        """Height of a dome over the outline, in [0, 1], as if in focus."""
        dome: Field = np.sqrt(np.clip(1 - (1 - np.clip(self.level, 0, 1)) ** 2, 0, 1))
        return dome

    def paint(self, canvas: Field, body: Field, opacity: float) -> None:
        """Add a cell to a picture, in place, blurred as far as the cell is out of focus.

        Args:
            canvas: (H, W) picture of the cells below.
            body: what the cell adds, over its window, as if in focus.
            opacity: the share of what lies below that the cell hides, in [0, 1].
        """
        canvas[self.window] *= 1 - opacity * blur(self.coverage, self.defocus)
        canvas[self.window] += blur(body, self.defocus)


@dataclass(frozen=True)
class Scene:
    """Placed cells, lowest first, and the (H, W) uint16 label image of what is visible of them."""

    labels: npt.NDArray[np.uint16]
    cells: tuple[Cell, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.labels.shape[0], self.labels.shape[1]
