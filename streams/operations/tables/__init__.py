"""All tables of some episodes as files, with the paths of the server's addresses."""

from streams.operations.tables.export import TableFile, episode_data, episodes_of, write_tables

__all__ = ["TableFile", "episode_data", "episodes_of", "write_tables"]
