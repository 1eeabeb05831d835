"""A local Kafka from Python packages alone: `truceline kafka up`, tests, benchmarks."""
