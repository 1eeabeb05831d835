"""All tables of some episodes as files, laid out as the server's addresses are."""

from streams.operations.tables.export import TableFile, episode_data, episodes_of, write_tables

__all__ = ["TableFile", "episode_data", "episodes_of", "write_tables"]
