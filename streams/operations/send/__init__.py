"""Send files of reports to Kafka or to a server."""
