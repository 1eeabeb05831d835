"""Files that people write and read: reports in JSON lines, the source registry, outputs."""
