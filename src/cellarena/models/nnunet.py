"""nnU-Net: depth and patch of a U-Net follow from the data (Isensee et al., 2021, doi 10.1038/s41592-020-01008-z)."""

from typing import TYPE_CHECKING, Self

from cellarena.models.planning.nnunet_plan import Plan
from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from torch import nn


class NNUNet(Hyperparameters):
    """Hyperparameters of nnU-Net: what its authors fix stands in params.yaml, what follows from the data in a plan."""

    plan: Plan | None = None
    """Made of the training images by the stage `plan`, never written by hand: params.yaml is refused with one."""

    def planned(self, plan: Plan) -> Self:
        """Return these hyperparameters with a plan, which also says how images are normalised."""
        return self.model_copy(update={"plan": plan, "normalisation": plan.normalisation[0]})

    @property
    def settled(self) -> Plan:
        """The plan.

        Raises:
            ValueError: if there is none yet.
        """
        if self.plan is None:
            raise ValueError("nnunet has no plan yet; run `dvc repro plan`")
        return self.plan

    def frame(self, side: int) -> tuple[int, int]:  # noqa: ARG002
        """Return height and width of the plan's patch, whatever the benchmark's side is."""
        return self.settled.patch

    def batch_size(self, n_crops: int) -> int:  # noqa: ARG002
        """Return the plan's batch, whatever the benchmark's is."""
        return self.settled.batch


def build(hyperparameters: NNUNet, n_channels: int) -> "nn.Module":
    """Return the network of the plan.

    Raises:
        ValueError: if there is no plan.
    """
    return network_from(hyperparameters.settled, n_channels)


def network_from(plan: Plan, n_channels: int) -> "nn.Module":
    """Return the network that a plan describes, with fresh weights.

    Args:
        plan: what nnU-Net's planner made of the training images.
        n_channels: channels of the output.

    Returns:
        A network that maps (B, C, H, W), C the plan's input channels, to (B, n_channels, H, W) in evaluation, and in
        training to one such tensor a resolution, the finest first.
    """
    from cellarena.models.networks.nnunet import PlannedUNet

    return PlannedUNet(plan, n_channels)


def describe(hyperparameters: NNUNet) -> str:
    """Return patch, batch and stages in a few words."""
    plan = hyperparameters.settled
    return f"patch {plan.patch[0]}x{plan.patch[1]}, batch {plan.batch}, {plan.n_stages} stages"


# Crops and tiles are the plan's patch, which fits its strides; 32 is for plans of no more than five stages.
MODELS.register("nnunet")(
    ModelSpec(
        NNUNet, build, target="three_class", multiple=32, describe=describe, planned=True,
        cite=Cite("Isensee et al., Nature Methods 2021", "10.1038/s41592-020-01008-z"),
    )
)  # fmt: skip
