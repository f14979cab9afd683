"""The pages on EC2 name files that exist, and their bill is the one that the tool computes."""

import re
from pathlib import Path

import pytest

from coinlake import prices
from coinlake_tools import cost
from coinlake_tools.host_cost import Host, host_lines
from etl_runner.config import Settings as EtlSettings

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    ROOT / "docs" / "how-to" / f"{name}.md"
    for name in ("deploy-on-ec2", "rotate-the-key", "upgrade", "restore", "remove")
]


TEMPLATE = ROOT / "deploy" / "ec2" / "coinlake.yaml"


def default_of(parameter: str) -> str:
    (found,) = re.findall(
        rf"^  {parameter}:\n    Type: \w+\n    Default: (\S+)$",
        TEMPLATE.read_text(),
        re.MULTILINE,
    )
    return str(found)


def templates_host() -> Host:
    """What the template makes unless it is told otherwise."""
    text = TEMPLATE.read_text()
    (system,) = re.findall(r"/dev/xvda\n +Ebs: \{VolumeSize: (\d+)", text)
    return Host(
        instance=default_of("InstanceType"),
        data_gib=float(default_of("DataVolumeGiB")),
        system_gib=float(system),
        alarms=text.count("Type: AWS::CloudWatch::Alarm"),
    )


def test_the_bill_is_computed_from_the_template_and_the_default_settings() -> None:
    lines = cost.estimate(cost.Plan()) + host_lines(templates_host())

    page = PAGES[0].read_text()
    assert f"```text\n{cost.rendered(lines)}\n```" in page
    assert f"\n{cost.ages_table(cost.Plan())}\n" in page
    assert f"\n{cost.calls_table(cost.Plan(age_months=12))}\n" in page


def test_the_tool_assumes_the_templates_host_and_the_runners_settings() -> None:
    settings = EtlSettings.model_fields
    plan = cost.Plan()

    assert Host() == templates_host()
    assert plan.runs_per_hour == 3600 / settings["max_wait_s"].default
    assert plan.crawls_per_day == 86_400 / settings["audit_crawl_s"].default
    assert plan.passes_per_hour == 3600 / settings["reconcile_s"].default
    assert plan.run_dpu == settings["dpu"].default
    assert settings["dpu_hour_usd"].default == prices.USD_PER_DPU_HOUR


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
