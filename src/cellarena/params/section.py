"""What every block of params.yaml is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A block of params.yaml: nothing unknown in it, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
