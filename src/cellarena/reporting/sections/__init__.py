"""The parts of a report: each a function from tables and figures to a section."""
