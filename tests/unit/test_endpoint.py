"""What a URL makes of a request's head."""

from typing import Any

import pytest

from chatkit_host.agent.models.endpoint import Endpoint

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def head(url: str, headers: dict[str, str] | None = None, body: bytes = b"{}") -> list[str]:
    request = Endpoint.of(url).request(headers or {}, body)
    said, _, rest = request.partition(b"\r\n\r\n")
    assert rest == body
    return said.decode().split("\r\n")


def test_a_request_is_this() -> None:
    assert Endpoint.of("https://model.example/v1/chat").request({"X-Name": "Zoë"}, b'{"a": 1}') == (
        "POST /v1/chat HTTP/1.1\r\nHost: model.example\r\nUser-Agent: chatkit-host\r\n"
        'X-Name: Zoë\r\nContent-Length: 8\r\n\r\n{"a": 1}'.encode()
    )


@pytest.mark.parametrize(
    ("url", "host", "port", "named"),
    [
        ("http://model.example/", "model.example", 80, "model.example"),
        ("https://model.example/", "model.example", 443, "model.example"),
        ("http://model.example:80/", "model.example", 80, "model.example"),
        ("https://model.example:443/", "model.example", 443, "model.example"),
        ("http://model.example:443/", "model.example", 443, "model.example:443"),
        ("https://model.example:80/", "model.example", 80, "model.example:80"),
        ("http://model.example:8080/", "model.example", 8080, "model.example:8080"),
        ("HTTPS://Model.Example", "model.example", 443, "model.example"),
        ("http://[::1]/", "::1", 80, "[::1]"),
        ("https://[2001:db8::7]:8443/", "2001:db8::7", 8443, "[2001:db8::7]:8443"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "xn--bcher-kva.example"),
        ("https://日本.example:444/", "xn--wgv71a.example", 444, "xn--wgv71a.example:444"),
        ("https://user:word@model.example/", "model.example", 443, "model.example"),
    ],
)
def test_a_host_has_its_name_and_its_port(url: str, host: str, port: int, named: str) -> None:
    endpoint = Endpoint.of(url)
    assert (endpoint.server.host, endpoint.server.port) == (host, port)
    assert f"Host: {named}" in head(url)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("/v1/chat", "/v1/chat"),
        ("/openai/deployments/my model/chat", "/openai/deployments/my%20model/chat"),
        ("/a%20b/c%2Fd", "/a%20b/c%2Fd"),
        ("/größe/日", "/gr%C3%B6%C3%9Fe/%E6%97%A5"),
        ("/models/gemini:stream", "/models/gemini:stream"),
        ("?api-version=2026-01-01", "/?api-version=2026-01-01"),
        ("/chat?alt=sse&key=a+b/c?d=e", "/chat?alt=sse&key=a+b/c?d=e"),
        ('/chat?q=two words"<>', "/chat?q=two%20words%22%3C%3E"),
        ("/chat?#part", "/chat"),
        ("/a\r\nX-Header: b", "/aX-Header:%20b"),
    ],
)
def test_a_path_and_a_query_are_quoted_where_they_are_not(path: str, target: str) -> None:
    assert head(f"https://model.example{path}")[0] == f"POST {target} HTTP/1.1"


def test_credentials_in_the_url_are_sent_as_such() -> None:
    assert "Authorization: Basic YW5uOnAgc3M6dw==" in head("https://ann:p%20ss%3Aw@model.example/")
    assert "Authorization: Basic YW5uOg==" in head("https://ann@model.example/")


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_header_that_is_given_wins(name: str) -> None:
    said = head("https://ann:word@model.example/", {name: "Bearer key", "USER-AGENT": "mine", "Content-Length": "7"})
    assert [line for line in said if line.lower().startswith("authorization")] == [f"{name}: Bearer key"]
    assert [line for line in said if line.lower().startswith("user-agent")] == ["USER-AGENT: mine"]
    assert [line for line in said if line.lower().startswith("content-length")] == ["Content-Length: 2"]


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "b\r\nX-C: d"}, {"X-A": "b\nX-C: d"}, {"X-A": "b\rX-C: d"}, {"X-A\r\nX-C": "d"}, {"X-A": "b\0"}],
)
def test_a_header_that_would_be_two_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Endpoint.of("https://model.example/").request(headers, b"")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.example/v1",
        "model.example:8080/v1",
        "ftp://model.example/",
        "file:///etc/passwd",
        "http://",
        "http:///v1",
        "http://:80/",
        "http://[::1/",
        "http://model.example:many/",
        "http://model.example:99999/",
        "http://a..b/",
        f"http://{'x' * 64}.example/",
    ],
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Endpoint.of(url)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"http_proxy": "http://proxy.example:3128"}, "http://a.example/", ("proxy.example", 3128)),
        ({"http_proxy": "http://proxy.example:3128"}, "https://a.example/", None),
        ({"https_proxy": "http://proxy.example"}, "https://a.example/", ("proxy.example", 80)),
        ({"HTTPS_PROXY": "http://[::1]:3128/"}, "https://a.example/", ("::1", 3128)),
        ({"https_proxy": "proxy.example:3128"}, "https://a.example/", ("proxy.example", 3128)),
        ({"https_proxy": "10.0.0.1:3128"}, "https://a.example/", ("10.0.0.1", 3128)),
        ({"https_proxy": "https://proxy.example"}, "https://a.example/", ("proxy.example", 443)),
        ({"https_proxy": "http://p:1", "no_proxy": "b.example, a.example"}, "https://a.example/", None),
        ({"https_proxy": "http://p:1", "no_proxy": ".example"}, "https://a.example/", None),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, "https://a.example/", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:8443"}, "https://a.example:8443/", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example:8443"}, "https://a.example/", ("p", 1)),
        ({"https_proxy": "http://p:1", "no_proxy": "::1"}, "https://[::1]:8443/", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.example"}, "https://ba.example/", ("p", 1)),
        ({"https_proxy": ""}, "https://a.example/", None),
    ],
)
def test_the_environment_names_the_proxy(
    environment: dict[str, str], url: str, proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = Endpoint.of(url).proxy
    assert (found and (found.host, found.port)) == proxy


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://proxy.example:1080")
    with pytest.raises(ValueError):
        Endpoint.of("https://a.example/")
