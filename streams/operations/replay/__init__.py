"""Process report files without Kafka."""
