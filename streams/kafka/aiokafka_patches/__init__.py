"""Every use of a private name of aiokafka 0.14; nothing here takes effect on import.

Each module says which name it needs and why. `tests/kafka/test_aiokafka.py` fails when one of them changes.
"""
