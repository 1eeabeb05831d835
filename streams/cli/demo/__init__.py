"""The demo: a story from a file, played into a real server and shown."""
