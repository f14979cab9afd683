"""Settings and the OpenAPI document."""

import hashlib
import json

import pytest
from openapi_spec_validator import validate
from pydantic import ValidationError

from query_api.config import Settings
from query_api.core.openapi import document

HASH = hashlib.sha256(b"k").hexdigest()


def test_keys_come_as_a_json_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_API_KEYS", json.dumps([f"demo:read,sql:{HASH}"]))

    settings = Settings()

    assert settings.api_keys[0].caller.name == "demo"


def test_a_wrong_key_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERY_API_KEYS", '["demo:everything:abc"]')

    with pytest.raises(ValidationError, match="key 1"):
        Settings()


def test_the_document_is_openapi() -> None:
    validate(document(10, 100))
