"""A cloud with nothing in it, and what belongs to a folder of `examples/`: its environment, its how-to page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT, blocks
from tests.integration.local_cloud.conftest import Cloud, end, start


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud of this folder; each test has a lake of its own name in it."""
    cloud = start(tmp_path_factory.mktemp("cloud"))
    yield cloud
    assert end(cloud) == 0


def environ(cloud: Cloud) -> dict[str, str]:
    """What `.local/stack.env` says of the cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(frozen=True)
class HowTo:
    """A page of `docs/how-to/`, to be followed block by block."""

    name: str

    @property
    def page(self) -> Path:
        return ROOT / "docs/how-to" / f"{self.name}.md"

    @property
    def text(self) -> str:
        return self.page.read_text()

    def block(self, section: str, number: int = 0) -> str:
        """A block of a section that is to be typed."""
        return blocks(self.page, section)[number]
