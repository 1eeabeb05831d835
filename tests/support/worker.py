"""Runs a worker as the environment says: `python -m tests.support.worker`."""

from streams.settings import load
from streams.worker import serve

if __name__ == "__main__":
    serve(load())
