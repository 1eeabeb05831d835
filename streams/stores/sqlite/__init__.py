"""The store on one SQLite file, without Kafka: an accepted report is on disk."""
