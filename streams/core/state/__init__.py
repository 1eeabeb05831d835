"""The state of an episode: its reports, cells, views and queues."""
