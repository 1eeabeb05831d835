"""The stores that HTTP and the commands ask: one protocol, on Kafka and on SQLite."""
