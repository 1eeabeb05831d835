"""Server-sent events: hub, buffer, clients and marks."""
