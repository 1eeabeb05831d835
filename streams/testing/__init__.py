"""For tests, demonstrations and benchmarks: a real Kafka from pip alone, and checks of a running system."""
