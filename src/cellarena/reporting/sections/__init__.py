"""The parts of a report: one file a part, tables and figures in, a section out."""
