"""A peer outside of the program, which talks to it through a socket and is in no schedule."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import anyio
import pytest

from anymutex.testing import explore
from anymutex.testing.failure import PEER
from anymutex.testing.patience import LAST, LONG, SHORT, VAIN, Patience
from anymutex.testing.randomwalk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Iterator

each_backend = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the two ends of a connection: one for the peer, one to be copied for each run."""
    ours, peers = socket.socketpair()
    with ours, peers:
        yield ours, peers


async def ask(end: socket.socket) -> bytes:
    """Send a question, and wait for the answer."""
    async with await anyio.abc.SocketStream.from_socket(end.dup()) as stream:
        await stream.send(b"?")
        answer = await stream.receive()
    return answer


@each_backend
def test_a_silent_peer_is_named(
    backend: str, sockets: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it would have answered a second later."""
    monkeypatch.setattr("anymutex.testing.patience.LAST", 0.01)

    async def program() -> None:
        await ask(sockets[0])

    failure = explore(program, backends=[backend]).failure

    assert failure is not None
    assert failure.kind == "deadlock"
    assert failure.report.splitlines()[0] == (
        "the only task is asleep - a deadlock, unless a peer outside of the program still sends something"
    )
    assert PEER in failure.report.splitlines()


@each_backend
def test_a_peer_that_answers_is_in_the_verdict(
    backend: str, sockets: tuple[socket.socket, socket.socket]
) -> None:
    """It is not there at once, as what the program itself has sent would be."""

    async def program() -> bytes:
        return await ask(sockets[0])

    def answer() -> None:
        while question := sockets[1].recv(1):
            time.sleep(0.0005)  # else it may be back before anybody waits for it
            sockets[1].sendall(question)

    peer = threading.Thread(target=answer)
    peer.start()
    try:
        result = explore(program, backends=[backend], strategy=RandomWalk, max_schedules=50)
    finally:
        sockets[0].shutdown(socket.SHUT_RDWR)
        peer.join()

    assert result.outcomes == {backend: {"b'?'"}}
    assert result.has_peer
    assert str(result).endswith("a peer outside of the program takes part, through a socket")


@each_backend
def test_who_talks_to_himself_has_no_peer(backend: str) -> None:
    """What one task sends another has."""

    async def program() -> bytes:
        left, right = socket.socketpair()
        async with (
            await anyio.abc.SocketStream.from_socket(left) as sender,
            await anyio.abc.SocketStream.from_socket(right) as receiver,
            anyio.create_task_group() as group,
        ):
            group.start_soon(sender.send, b"hello")
            await anyio.sleep(1)
            received = await receiver.receive()
        return received

    result = explore(program, backends=[backend]).check()

    assert result.outcomes == {backend: {"b'hello'"}}
    assert not result.has_peer


def test_patience_runs_out_where_it_is_in_vain() -> None:
    """It comes back with the first who is late; the last wait, before all is given up, is as long as ever."""
    patience = Patience()
    seconds = []
    for _ in range(VAIN):
        seconds.append(patience.seconds(60.0))
        patience.note_vain()

    assert seconds == [LONG] * VAIN
    assert (patience.seconds(60.0), patience.seconds(float("inf"))) == (SHORT, LAST)

    patience.note_late()

    assert patience.seconds(60.0) == LONG
