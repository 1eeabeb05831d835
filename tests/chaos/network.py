"""A network that can be cut or held up: one relay on the loopback for each pair of a worker and a broker.

A Kafka client goes where the broker's metadata sends it, so each node has a listener a worker, and each of
those is advertised at the address of its relay.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

from streams.kafka.local.cluster import LocalKafka

CHUNK_BYTES = 1 << 16


class Network:
    """Relays in a thread of their own; `cut`, `hold` and `mend` are by worker."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._cut: set[int] = set()
        #: By worker: set while bytes go through.
        self._flows: dict[int, asyncio.Event] = {}
        self._streams: dict[int, set[asyncio.StreamWriter]] = {}
        self._thread.start()
        #: By worker: where its relays listen, one a node.
        self.ports: dict[int, list[int]] = {}

    def lay(self, kafka: LocalKafka, workers: int) -> None:
        """Give each node a listener for each worker, and its relay; before the nodes start."""
        for worker in range(workers):
            self.ports[worker] = []
            self._flows[worker] = asyncio.Event()
            self._flows[worker].set()
        for node in kafka.nodes:
            own = {
                "listeners": f"PLAINTEXT://{node.address.client},CONTROLLER://{node.address.controller}",
                "advertised.listeners": f"PLAINTEXT://{node.address.client},CONTROLLER://{node.address.controller}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            }
            for worker in range(workers):
                behind, relay = _free_port(), _listening()
                port = relay.getsockname()[1]
                own["listeners"] += f",WORKER{worker}://127.0.0.1:{behind}"
                own["advertised.listeners"] += f",WORKER{worker}://127.0.0.1:{port}"
                own["listener.security.protocol.map"] += f",WORKER{worker}:PLAINTEXT"
                self.ports[worker].append(port)
                asyncio.run_coroutine_threadsafe(self._listen(worker, relay, behind), self._loop).result()
            # The last of two equal keys counts.
            with (node.folder / "server.properties").open("a") as configuration:
                configuration.writelines(f"{key}={value}\n" for key, value in own.items())

    def bootstrap(self, worker: int) -> str:
        """Return the brokers as that worker sees them."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports[worker])

    def cut(self, worker: int) -> None:
        """Break every connection of a worker, and refuse new ones."""
        self._cut.add(worker)
        self._loop.call_soon_threadsafe(self._break, worker)

    def hold(self, worker: int) -> None:
        """Keep back every byte to and from a worker, its connections staying open; `mend` delivers them."""
        self._loop.call_soon_threadsafe(self._flows[worker].clear)

    def mend(self, worker: int) -> None:
        """Let it connect again, and deliver the bytes that were held back."""
        self._cut.discard(worker)
        self._loop.call_soon_threadsafe(self._flows[worker].set)

    def close(self) -> None:
        """End all relays."""
        for worker in self.ports:
            self.cut(worker)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _break(self, worker: int) -> None:
        for writer in self._streams.pop(worker, set()):
            writer.transport.abort()

    async def _listen(self, worker: int, relay: socket.socket, behind: int) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._relay(worker, behind, reader, writer)

        await asyncio.start_server(connected, sock=relay)

    async def _relay(
        self, worker: int, behind: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if worker in self._cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", behind)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, back}
        self._streams.setdefault(worker, set()).update(both)
        try:
            flow = self._flows[worker]
            await asyncio.gather(_pump(reader, back, flow), _pump(there, writer, flow))
        finally:
            self._streams.get(worker, set()).difference_update(both)


@contextlib.contextmanager
def network() -> Iterator[Network]:
    """A network, closed at the end."""
    made = Network()
    try:
        yield made
    finally:
        made.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: asyncio.Event) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            await flow.wait()
            writer.write(chunk)
            await writer.drain()
    writer.transport.abort()


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _free_port() -> int:
    with _listening() as listener:
        return int(listener.getsockname()[1])
