"""The parts of the report: each takes tables and illustrations and returns a section."""
