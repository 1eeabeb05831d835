"""Pictures and tables of an episode's history: what was published when, by whom, made from its changes."""
