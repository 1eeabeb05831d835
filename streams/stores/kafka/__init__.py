"""The store on Kafka topics."""
