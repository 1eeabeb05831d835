"""Stores: one protocol for the web server and the commands, on Kafka and on SQLite."""
