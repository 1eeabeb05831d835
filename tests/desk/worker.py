"""Runs a worker as the environment says: `python -m tests.desk.worker`."""

from streams.app import serve
from streams.settings import load

if __name__ == "__main__":
    serve(load())
