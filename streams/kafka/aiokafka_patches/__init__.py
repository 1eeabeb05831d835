"""Changes to aiokafka: the only place that uses its private names."""
