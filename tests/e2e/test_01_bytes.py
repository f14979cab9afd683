"""Bytes: what the simulator served is in the raw zone, exactly once, and nothing else is."""

import gzip
import hashlib
import shutil
import subprocess
from collections import Counter

from tests.e2e.conftest import Lake

FEEDS = ("assets", "rates", "exchanges", "markets")


def test_every_body_served_completely_is_in_the_raw_zone_exactly_once(lake: Lake) -> None:
    refused = lake.raw_lines("raw/coincap.rejected.v1/")
    rejections = lake.status("INGESTOR")["feeds"]["rates"]["rejected"]
    lake.simulator(
        "/script",
        {"path_prefix": "/v3/rates", "count": 1, "status": 200, "body": '{"data":[]}'},
    )
    lake.wait(
        "some polls of each feed and one refused answer",
        lambda: (
            all(lake.status("INGESTOR")["feeds"][feed]["published"] >= 2 for feed in FEEDS)
            and lake.status("INGESTOR")["feeds"]["rates"]["rejected"] > rejections
        ),
    )

    lake.stack.stop("ingestor")
    lake.wait("every value in the raw zone", lake.all_values_in_raw)

    served = Counter(
        entry["sha256"] for entry in lake.served() if entry["path"].startswith("/v3/")
    )
    assert lake.raw_lines("raw/coincap.") == served
    rejected = lake.raw_lines("raw/coincap.rejected.v1/")
    assert rejected - refused == Counter([hashlib.sha256(b'{"data":[]}').hexdigest()])


def test_gunzip_gives_the_bytes_one_body_per_line(lake: Lake) -> None:
    gunzip = shutil.which("gunzip")
    assert gunzip is not None
    key = next(key for key in lake.keys("raw/coincap.assets.v1/"))
    stored = lake.get(key)

    plain = subprocess.run([gunzip, "-c"], input=stored, capture_output=True, check=True).stdout

    assert plain == gzip.decompress(stored)
    for line in plain.split(b"\n")[:-1]:
        assert lake.body(hashlib.sha256(line).hexdigest()) == line


def test_the_ingestor_goes_on_after_a_clean_stop(lake: Lake) -> None:
    before = len(lake.served())

    lake.stack.start("ingestor")

    lake.wait("new polls", lambda: len(lake.served()) > before + 4)
