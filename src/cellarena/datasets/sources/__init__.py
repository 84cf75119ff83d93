"""Where images come from: one file a source, found through the catalog SOURCES in `spec`."""
