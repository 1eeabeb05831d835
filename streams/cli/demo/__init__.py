"""A story from a file, played into a real server and watched as it is told."""
