"""The pages on EC2 name files that exist, and their bill is the one that the tool computes."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from coinlake_tools import cost

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / "docs" / "how-to" / f"{name}.md"
    for name in ("deploy-on-ec2", "rotate-the-key", "upgrade", "restore", "remove")
]


def bill() -> list[tuple[str, Decimal]]:
    text = PAGES[0].read_text()
    table = text[text.index("| what | how much") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return [(what, Decimal(usd.strip("*"))) for what, _, usd in rows]


def test_the_first_line_of_the_bill_is_what_coinlake_cost_says() -> None:
    rendered = cost.rendered(cost.estimate(cost.Plan()))

    (total,) = re.findall(r"^a month\s+([\d.]+) USD$", rendered, re.MULTILINE)
    assert bill()[0] == ("Glue, Athena, S3 requests", Decimal(total))


def test_the_bill_adds_up() -> None:
    *lines, (last, together) = bill()

    assert last == "**together**"
    assert sum(usd for _, usd in lines) == together


def test_the_host_of_the_bill_is_the_templates() -> None:
    template = (ROOT / "deploy" / "ec2" / "coinlake.yaml").read_text()
    page = PAGES[0].read_text()

    for parameter, said in (("InstanceType", "{}, 730 h"), ("DataVolumeGiB", "{} GB data")):
        (default,) = re.findall(rf"  {parameter}:\n    Type: \w+\n    Default: (\S+)", template)
        assert said.format(default) in page


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"(?<![\w/])(?:/opt/coinlake/current/)?(deploy/ec2/[\w./-]+[\w/])", text)
    linked = re.findall(r"\]\(([\w./-]+)\)", text)

    absent = [name for name in named if not (ROOT / name).exists()]
    absent += [name for name in linked if not (page.parent / name).exists()]
    # Made by whoever deploys, from the example beside it.
    assert set(absent) <= {"deploy/ec2/host/images.env"}
    units = set(re.findall(r"`?(coinlake-[a-z0-9-]+)(?=[`\s,])", text))
    known = {
        path.name.split(".")[0].rstrip("@") for path in (ROOT / "deploy/ec2/systemd").iterdir()
    }
    services = {unit for unit in units if unit.startswith("coinlake-") and unit in known}
    assert not set(re.findall(r"restart (coinlake-[\w-]+)", text)) - services
