"""A method that a path does not take: the answer names all those that it does (RFC 9110)."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/patterns", {"GET", "POST", "DELETE"}),
        ("/v1/patterns/e1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/v1/patterns/batch", {"POST", "GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/v1/validate", {"POST"}),
    ],
)
async def test_a_405_names_every_method_of_the_path(
    client: httpx.AsyncClient, path: str, methods: set[str]
) -> None:
    refused = await client.options(path)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == methods
    assert refused.json()["type"] == "urn:pattern-store:problem:method-not-allowed"
