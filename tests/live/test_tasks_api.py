"""`/api/tasks` on a real server: the same list as the assistant's, for its owner alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.chat import Chat

TASKS = "/api/tasks"


async def _add(chat: Chat, title: str, **fields: Any) -> dict[str, Any]:
    response = await chat.http.post(TASKS, json={"title": title, **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def _titles(chat: Chat, **params: Any) -> list[str]:
    response = await chat.http.get(TASKS, params=params)
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json()["data"]]


def _code(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) >= {"code", "message", "request_id"}
    return response.status_code, error["code"]


async def test_a_task_from_adding_to_deleting(alice: Chat) -> None:
    task = await _add(alice, "Buy milk", description="Two", priority="high", due_date="2026-12-01")
    assert {name: task[name] for name in task if name not in ("id", "created_at", "updated_at")} == {
        "title": "Buy milk",
        "description": "Two",
        "completed": False,
        "priority": "high",
        "due_date": "2026-12-01",
        "completed_at": None,
    }
    assert task["created_at"].endswith("Z")
    one = f"{TASKS}/{task['id']}"
    assert (await alice.http.get(one)).json() == task

    patched = (await alice.http.patch(one, json={"title": "Buy oat milk", "description": None})).json()
    assert patched == {**task, "title": "Buy oat milk", "description": None, "updated_at": patched["updated_at"]}

    done = (await alice.http.post(f"{one}/complete")).json()
    assert done["completed"]
    assert done["completed_at"] == done["updated_at"]
    assert (await alice.http.post(f"{one}/complete")).json() == done
    reopened = (await alice.http.post(f"{one}/reopen")).json()
    assert (reopened["completed"], reopened["completed_at"]) == (False, None)
    assert [(await alice.http.patch(f"{one}/complete")).json()["completed"] for _ in range(3)] == [True, False, True]

    replaced = (await alice.http.put(one, json={"title": "Buy bread"})).json()
    assert {name: replaced[name] for name in ("title", "description", "priority", "due_date", "completed")} == {
        "title": "Buy bread",
        "description": None,
        "priority": "medium",
        "due_date": None,
        "completed": True,
    }
    assert (await alice.http.put(one, json={"title": "Buy bread", "completed": False})).json()["completed"] is False

    deleted = await alice.http.delete(one)
    assert (deleted.status_code, deleted.json()) == (200, {"status": "deleted", "id": task["id"]})
    assert _code(await alice.http.get(one)) == (404, "not_found")


async def test_the_assistant_has_the_same_list(alice: Chat) -> None:
    await _add(alice, "Buy milk")
    answer = await alice.create("add call mom")
    assert await _titles(alice) == ["Buy milk", "Call mom"]
    listed = await alice.say(answer.thread_id, "what is on my list")
    assert "Buy milk" in listed.text
    await alice.say(answer.thread_id, "mark the second one done")
    assert await _titles(alice, status="completed") == ["Call mom"]


async def test_tasks_are_filtered_and_sorted(alice: Chat) -> None:
    today = datetime.now(UTC).date()
    days = {"late": -2, "now": 0, "soon": 3, "sixth": 6, "far": 30}
    for title, day in days.items():
        await _add(alice, title, due_date=str(today + timedelta(days=day)), priority="high" if day < 0 else "low")
    await _add(alice, "Ünscheduled", description="someday")
    late_and_done = await _add(alice, "was late", due_date=str(today - timedelta(days=1)))
    await alice.http.post(f"{TASKS}/{late_and_done['id']}/complete")

    assert await _titles(alice, due="overdue") == ["late"]
    assert await _titles(alice, due="overdue", status="completed") == []
    assert await _titles(alice, due="today") == ["now"]
    assert await _titles(alice, due="week") == ["now", "soon", "sixth"]
    assert await _titles(alice, due="none") == ["Ünscheduled"]
    assert await _titles(alice, due_after=today, due_before=today + timedelta(days=6)) == ["soon"]
    assert await _titles(alice, status="completed") == ["was late"]
    assert await _titles(alice, priority="low", limit=2) == ["now", "soon"]
    assert await _titles(alice, q="UNSCHED") == ["Ünscheduled"]
    assert await _titles(alice, q="some") == ["Ünscheduled"]
    assert (await _titles(alice, sort="due"))[-1] == "Ünscheduled"
    assert (await _titles(alice, sort="title"))[:3] == ["far", "late", "now"]
    assert (await _titles(alice, sort="priority"))[0] == "late"
    assert (await _titles(alice, order="desc"))[0] == "was late"


@pytest.mark.parametrize("sort", ["created", "due", "priority", "title"])
async def test_pages_have_each_task_once_while_tasks_are_added(alice: Chat, sort: str) -> None:
    made = [(await _add(alice, f"Task {number % 3}"))["id"] for number in range(9)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await alice.http.get(TASKS, params={"limit": 2, "sort": sort, **after})).json()
        seen += [task["id"] for task in page["data"]]
        if not page["has_more"]:
            assert page["after"] is None
            break
        after = {"after": page["after"]}
        if len(seen) < 8:
            await _add(alice, "Another")
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)


async def test_a_slash_at_the_end_makes_no_difference(alice: Chat) -> None:
    created = await alice.http.post(TASKS + "/", json={"title": "x"})
    assert created.status_code == 201
    one = f"{TASKS}/{created.json()['id']}"
    for method, path, body in (
        ("GET", TASKS, None),
        ("GET", one, None),
        ("PATCH", one, {"title": "y"}),
        ("PUT", one, {"title": "z"}),
        ("POST", f"{one}/complete", None),
        ("POST", f"{one}/reopen", None),
        ("PATCH", f"{one}/complete", None),
        ("DELETE", one, None),
    ):
        assert (await alice.http.request(method, path + "/", json=body)).status_code == 200, (method, path)


REQUESTS = [
    ("GET", "", None),
    ("POST", "", {"title": "x"}),
    ("GET", "/{id}", None),
    ("PATCH", "/{id}", {"title": "Bob's"}),
    ("PUT", "/{id}", {"title": "Bob's"}),
    ("DELETE", "/{id}", None),
    ("POST", "/{id}/complete", None),
    ("POST", "/{id}/reopen", None),
    ("PATCH", "/{id}/complete", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_nobody_is_told_anything_without_a_token(anonymous: Chat, method: str, path: str, body: Any) -> None:
    for slash in ("", "/"):
        response = await anonymous.http.request(method, TASKS + path.format(id="task_1") + slash, json=body)
        assert _code(response) == (401, "unauthorized")


@pytest.mark.parametrize(("method", "path", "body"), [each for each in REQUESTS if "{id}" in each[1]])
async def test_to_a_stranger_hers_is_like_none(alice: Chat, bob: Chat, method: str, path: str, body: Any) -> None:
    task = await _add(alice, "Mine")
    for task_id in (task["id"], "task_unknown", "%00", "x" * 300):
        assert _code(await bob.http.request(method, TASKS + path.format(id=task_id), json=body)) == (404, "not_found")
    assert _code(await bob.http.get(TASKS, params={"after": task["id"]})) == (404, "not_found")
    assert (await alice.http.get(f"{TASKS}/{task['id']}")).json() == task
    assert "Mine" not in await _titles(bob)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "status=open",
        "priority=urgent",
        "due=tomorrow",
        "due_before=soon",
        "sort=size",
        "order=up",
        "q=" + "x" * 201,
        "q=%00",
        "due=today&due_after=2026-12-01",
    ],
)
async def test_values_that_are_not_allowed_are_refused(alice: Chat, query: str) -> None:
    assert _code(await alice.http.get(f"{TASKS}?{query}")) == (422, "invalid_input")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "  \u200b "},
        {"title": "x" * 201},
        {"title": 1},
        {"title": "x", "description": "x" * 1001},
        {"title": "x", "priority": "urgent"},
        {"title": "x", "due_date": "2026-13-01"},
        {"title": "x", "due_date": 20261201},
        {"title": "a\0b"},
        [],
    ],
)
async def test_a_task_that_is_none_is_refused(alice: Chat, body: Any) -> None:
    task = await _add(alice, "Kept")
    one = f"{TASKS}/{task['id']}"
    assert _code(await alice.http.post(TASKS, json=body)) == (422, "invalid_input")
    assert _code(await alice.http.put(one, json=body)) == (422, "invalid_input")
    assert _code(await alice.http.patch(one, json=body)) == (422, "invalid_input")
    assert (await alice.http.get(one)).json() == task
    assert await _titles(alice) == ["Kept"]


async def test_the_description_names_every_route(anonymous: Chat) -> None:
    paths = (await anonymous.http.get("/openapi.json")).json()["paths"]
    for method, path, body in REQUESTS:
        described = paths[TASKS + path.replace("{id}", "{task_id}")][method.lower()]
        assert described["responses"]["201" if (method, path) == ("POST", "") else "200"]["content"]
        assert "401" in described["responses"]
        assert ("requestBody" in described) == (body is not None)
    names = {parameter["name"] for parameter in paths[TASKS]["get"]["parameters"]}
    assert names == {"status", "priority", "due", "due_before", "due_after", "q", "sort", "order", "limit", "after"}
