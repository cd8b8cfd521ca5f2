"""What a browser is given: the page, the element for other pages, and everything that they load."""

import gzip
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

import httpx
import pytest
from support.server import serving

DIST = files("chatkit_host").joinpath("web/dist")
MANIFEST: dict[str, dict[str, str | int]] = json.loads(DIST.joinpath("manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("page")) as server, httpx.Client(base_url=server.url) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/t/thr_1"])
def test_the_page_comes_with_a_strict_policy(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob: https:",
        "connect-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "lit-html",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    assert '<base href="/" />' in answer.text
    assert "{{" not in answer.text


def test_everything_that_the_page_names_is_there_and_kept_for_ever(http: httpx.Client) -> None:
    names = re.findall(r'(?:src|href)="(assets/[^"]+)"', http.get("/").text)
    assert len(names) > 4
    for name in names:
        answer = http.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"


def test_the_stable_address_leads_to_the_element_and_is_asked_for_again(http: httpx.Client) -> None:
    answer = http.get("/chatkit.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=300"
    (module,) = re.findall(r"import\('\./(assets/element-\w+\.js)'\)", answer.text)
    assert http.get(f"/{module}").status_code == 200
    again = http.get("/chatkit.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5, br;q=0", "gzip"),
        ("identity", None),
        ("br;q=nonsense", None),
        ("", None),
    ],
)
def test_files_come_compressed_as_the_browser_takes_them(
    http: httpx.Client, accepted: str, encoding: str | None
) -> None:
    name = next(name for name in MANIFEST if name.startswith("assets/page-") and name.endswith(".js"))
    with http.stream("GET", f"/{name}", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == encoding
    assert "Accept-Encoding" in answer.headers["vary"]
    whole = DIST.joinpath(name).read_bytes()
    if encoding == "gzip":
        assert gzip.decompress(sent) == whole
    elif encoding is None:
        assert sent == whole
    else:
        assert len(sent) < len(whole) / 2


def test_only_the_manifest_s_files_are_served(http: httpx.Client) -> None:
    for path in ("/assets/none.js", "/assets/..%2Fmanifest.json", "/assets/manifest.json", "/assets/%2e%2e/index.html"):
        assert http.get(path).status_code == 404


def test_a_head_request_has_the_headers_alone(http: httpx.Client) -> None:
    answer = http.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-security-policy" in answer.headers


def test_the_manifest_tells_the_truth_about_the_files() -> None:
    for name, told in MANIFEST.items():
        content = DIST.joinpath(name).read_bytes()
        assert {"sha256": sha256(content).hexdigest(), "bytes": len(content)} == told
