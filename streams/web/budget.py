"""A budget of bytes that all requests share."""

__all__ = ["Budget"]


class Budget:
    """Bytes in use, up to a limit; everything happens in one event loop."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.used = 0

    def take(self, size: int) -> bool:
        """Use more bytes if they fit; return whether they do."""
        if self.used + size > self.bytes_max:
            return False
        self.used += size
        return True

    def give_back(self, size: int) -> None:
        """Free bytes."""
        self.used -= size
