"""HTTP in and out, the same over Kafka and over one SQLite file."""
