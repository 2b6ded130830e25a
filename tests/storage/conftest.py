"""A bucket of a real server, and an endpoint that answers everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pyarrow.fs import FileSelector, FileSystem

from tests.object_servers import SERVERS, started_when_asked
from tests.server import Endpoint, serving


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], str]]:
    """As `started_when_asked`, for the tests of one file."""
    with started_when_asked() as address:
        yield address


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A server that answers everything."""
    with serving() as found:
        yield found


@pytest.fixture
def storage(
    request: pytest.FixtureRequest, servers: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> FileSystem:
    """An empty bucket `audits` of the scheme that the test names."""
    server, url = SERVERS[request.param], servers(request.param)
    for name, value in server.environment(url).items():
        monkeypatch.setenv(name, value)
    files = server.storage(url)
    files.create_dir("audits")
    for info in files.get_file_info(FileSelector("audits", recursive=True)):
        if info.is_file:
            files.delete_file(info.path)
    return files
