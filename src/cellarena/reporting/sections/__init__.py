"""The parts of the report: from tables to sections, one file a part."""
