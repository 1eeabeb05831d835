"""Files that come with the program: example source registry, atlas and alert rules, and the demo's story."""
