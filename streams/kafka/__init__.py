"""Everything that talks to a Kafka broker, and nothing that knows a rule of the contract."""
