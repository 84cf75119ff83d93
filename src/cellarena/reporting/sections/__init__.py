"""The parts of the report, one a file: tables and figures become a section."""
