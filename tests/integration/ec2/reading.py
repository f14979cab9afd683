"""Somebody who reads the how-to pages and types what they say."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.ec2.aws_clients import aws_client

ROOT = Path(__file__).resolve().parents[3]
HOW_TO = ROOT / "docs" / "how-to"


def blocks(page: str, section: str | None = None) -> list[str]:
    """The `sh` blocks of a page, or of one of its sections."""
    text = (HOW_TO / f"{page}.md").read_text()
    if section is not None:
        (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return [
        re.sub(r"^   ", "", b, flags=re.M) for b in re.findall(r"```sh\n(.*?)```", text, re.S)
    ]


class Reader:
    """Somebody with a terminal, an AWS account and a release, who reads and types."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.filled: dict[str, str] = {
            "MY-RELEASES": "my-releases",
            "MY-LAKE": "my-lake",
            "MY-NAME": "lake.example.org",
            "MY-ADDRESS": "192.0.2.7",
        }

    def client(self, service: str) -> Any:
        return aws_client(service, self.environ["AWS_ENDPOINT_URL"])

    def types(self, script: str, typed: str = "") -> str:
        """Run a block in this shell's folder; what it printed."""
        for blank, value in self.filled.items():
            script = script.replace(blank, value)
        assert "…" not in script, script
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environ,
            input=typed,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def writes_down_what_aws_is_called_with(self) -> Path:
        """A file of every command line of `aws` from here on, as a list of processes would show it."""
        said, shim = self.folder / "aws-was-called-with", self.folder / "shim/aws"
        shim.parent.mkdir()
        real = shutil.which("aws", path=self.environ["PATH"])
        shim.write_text(f'#!/bin/sh\necho "$*" >> {said}\nexec {real} "$@"\n')
        shim.chmod(0o755)
        self.environ["PATH"] = f"{shim.parent}:{self.environ['PATH']}"
        return said

    def ids(self) -> dict[str, str]:
        """What the stack's resources are called by AWS."""
        listed = self.client("cloudformation").list_stack_resources(StackName="coinlake")
        found = listed["StackResourceSummaries"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def network(self) -> dict[str, str]:
        """What `describe-stacks` would tell; moto forgets outputs of stacks made by change set."""
        summaries = self.client("cloudformation").list_stack_resources(
            StackName="coinlake-network"
        )["StackResourceSummaries"]
        ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in summaries}
        (subnet,) = self.client("ec2").describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"]
        return {
            "VpcId": ids["Vpc"],
            "SubnetId": ids["Subnet"],
            "SubnetZone": subnet["AvailabilityZone"],
        }

    def parameter(self, path: str) -> str:
        found = self.client("ssm").get_parameter(Name=path, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    def deploys(self, sha: str, digest: str) -> None:
        """The network and the stack, as their sections say, with what the steps before told."""
        (network,) = blocks("deploy-on-ec2", "4. The network (or your own)")
        self.types(network)
        (deploy,) = blocks("deploy-on-ec2", "6. The stack")
        self.filled |= {f"{name}=…": f"{name}={told}" for name, told in self.network().items()}
        self.filled |= {"ReleaseSha256=…": f"ReleaseSha256={sha}"}
        self.filled |= {"JobDigest=…": f"JobDigest={digest}"}
        self.types(deploy)

    def deploys_again(self) -> None:
        """Fill in `deploy …`, by which the pages mean the command of the stack's own section."""
        (deploy,) = blocks("deploy-on-ec2", "6. The stack")
        again, *_ = deploy[deploy.index("aws cloudformation") :].split(" --parameter-overrides")
        rest = again.split("aws cloudformation deploy ")[1].replace("\\\n", " ")
        self.filled["deploy …"] = f"deploy {rest}"

    def parameters(self) -> dict[str, str]:
        """What the stack was told."""
        cloud = self.client("cloudformation")
        (coinlake,) = cloud.describe_stacks(StackName="coinlake")["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in coinlake["Parameters"]}
