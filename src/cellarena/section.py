"""What every block of params.yaml is, and every record that is kept as JSON."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Typed, checked values: nothing unknown among them, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
