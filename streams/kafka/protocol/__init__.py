"""Requests of the Kafka protocol that aiokafka lacks."""
