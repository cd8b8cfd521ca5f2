import pytest

from chatkit_host.agent.tool_tasks import REDACTED, finished_task, looks_failed, redacted, started_task


def test_a_call_is_shown_with_its_arguments_then_with_its_result() -> None:
    started = started_task("add_task", '{"title": "Milk"}')
    finished = finished_task("add_task", '{"title": "Milk"}', '{"status": "created"}', failed=False)

    assert (started.title, started.status_indicator) == ("Add task", "loading")
    assert (finished.title, finished.status_indicator) == ("Add task", "complete")
    assert finished.content == (
        'Arguments:\n```json\n{"title": "Milk"}\n```\n\nResult:\n```json\n{"status": "created"}\n```'
    )


def test_a_failed_call_says_so() -> None:
    assert finished_task("add_task", "{}", '{"error": {"message": "No."}}', failed=True).title == "Add task (failed)"
    assert looks_failed('{"error": {"message": "No."}}')
    assert not looks_failed('{"status": "created"}')


@pytest.mark.parametrize(
    "text",
    [
        '{"api_key": "abc123"}',
        '{"nested": [{"Authorization": "abc123"}]}',
        '{"userPassword": "abc123"}',
        '{"note": "use sk-abc123456789 for it"}',
        "the header was Bearer abc123abc123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMxMjMifQ.abc123",
    ],
)
def test_secrets_are_blanked(text: str) -> None:
    assert REDACTED in redacted(text)
    assert "abc123" not in redacted(text)


def test_a_long_result_is_cut_and_cannot_leave_its_fence() -> None:
    content = finished_task("read", "{}", "```\n# Not a heading\n" + "x" * 5000, failed=False).content

    assert content is not None
    assert len(content) < 1200
    assert content.startswith("Result:\n````json\n")
    assert content.endswith("\n````")
