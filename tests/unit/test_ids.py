"""Identifiers: increasing, and different in every process."""

import os

from chatkit_host.ids import new_id


def test_they_increase_and_none_comes_twice() -> None:
    made = [new_id("turn") for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_child_makes_others_than_its_parent() -> None:
    new_id("turn")
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, "".join(new_id("turn")[-16:] for _ in range(50)).encode())
        os._exit(0)
    mine = {new_id("turn")[-16:] for _ in range(50)}
    os.waitpid(child, 0)
    told = os.read(reading, 50 * 16).decode()
    for end in (reading, writing):
        os.close(end)

    assert len(told) == 50 * 16
    assert mine.isdisjoint(told[start : start + 16] for start in range(0, len(told), 16))
