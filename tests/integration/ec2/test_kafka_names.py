"""Under which name other machines reach Kafka, and who they are: settings, certificate, users."""

import os
import subprocess
from pathlib import Path

import pytest

SETTINGS = "COINLAKE_BUCKET=the-lake\nAWS_DEFAULT_REGION=us-east-1\n"
OTHERS = "# Ours.\nanalytics\tRead,Describe\ttopic\tcoincap.assets.v1\nanalytics\tRead\tgroup\tanalytics\n"


class Host:
    """A host's folders; `told` is what the stack says of itself."""

    def __init__(self, folder: Path, ec2: Path, told: str) -> None:
        self.etc, self.var, self.ec2 = folder / "etc", folder / "var", ec2
        (folder / "bin").mkdir()
        aws = folder / "bin" / "aws"
        aws.write_text(f"#!/bin/sh\ncat <<'TOLD'\n{told}TOLD\n")
        aws.chmod(0o755)
        (folder / "bin/hostname").write_text("#!/bin/sh\necho ip-10-84-0-9.ec2.internal\n")
        (folder / "bin/hostname").chmod(0o755)
        self.environ = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "COINLAKE_ETC": str(self.etc),
            "COINLAKE_VAR": str(self.var),
            "COINLAKE_STACK": "lake",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.etc.mkdir()
        (self.etc / "kafka").mkdir()
        # An authority that costs no time; what kafka-secrets makes itself, test_kafka_rights.py uses.
        secrets = self.var / "secrets/kafka"
        secrets.mkdir(parents=True)
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        made = ["-subj", "/CN=t", "-keyout", f"{secrets}/ca.key", "-out", f"{secrets}/ca.pem"]
        subprocess.run(
            ["openssl", "req", "-x509", *curve, *made], check=True, capture_output=True
        )

    def runs(self, script: str, *words: str) -> str:
        done = subprocess.run(
            [self.ec2 / script, *words], env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listens(self) -> str:
        """Where the listener for others is published."""
        self.runs("bootstrap/20-settings.sh")
        lines = (self.etc / "host.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)["KAFKA_PUBLISH"]

    def names(self) -> str:
        """Which names the certificate has, made for the name that step 50 takes."""
        line = next(
            line
            for line in (self.ec2 / "bootstrap/50-secrets.sh").read_text().splitlines()
            if line.startswith("host=")
        )
        script = f'. "$COINLAKE_ETC/host.env"; {line}; echo "$host"'
        host = subprocess.run(
            ["bash", "-euc", script],
            env=self.environ,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self.runs("libexec/kafka-secrets", host)
        certificate = self.var / "secrets/kafka/broker.crt"
        shown = ["openssl", "x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName"]
        return subprocess.run(shown, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("told", "where", "name"),
    [
        ("", "127.0.0.1", "DNS:ip-10-84-0-9.ec2.internal"),
        ("HOST_NAME=\nKAFKA_CIDR=\n", "127.0.0.1", "DNS:ip-10-84-0-9.ec2.internal"),
        ("HOST_NAME=\nKAFKA_CIDR=10.84.0.0/24\n", "0.0.0.0", "DNS:ip-10-84-0-9.ec2.internal"),
        (
            "HOST_NAME=lake.example.org\nKAFKA_CIDR=198.51.100.0/24\n",
            "0.0.0.0",
            "DNS:lake.example.org",
        ),
        (
            "HOST_NAME=203.0.113.7\nKAFKA_CIDR=198.51.100.0/24\n",
            "0.0.0.0",
            "IP Address:203.0.113.7",
        ),
    ],
    ids=["an older stack", "nobody", "the VPC", "a name", "an address"],
)
def test_kafka_is_reached_under_the_name_that_the_stack_was_told_by_whom_it_lets_in(
    tmp_path: Path, ec2: Path, told: str, where: str, name: str
) -> None:
    host = Host(tmp_path, ec2, SETTINGS + told)

    assert host.listens() == where
    assert name in host.names()


def test_the_hosts_own_file_has_the_last_word(tmp_path: Path, ec2: Path) -> None:
    host = Host(tmp_path, ec2, SETTINGS + "KAFKA_CIDR=10.0.0.0/8\n")
    (host.etc / "local.env").write_text("KAFKA_PUBLISH=10.84.0.9\n")

    assert host.listens() == "10.84.0.9"


def test_a_user_of_the_hosts_own_table_gets_a_password_that_stays_and_its_place_in_the_broker(
    tmp_path: Path, ec2: Path
) -> None:
    host = Host(tmp_path, ec2, SETTINGS)
    before = host.runs("libexec/kafka-names").split()
    (host.var / "kafka-acls.tsv").write_text(OTHERS)

    assert host.runs("libexec/kafka-names").split() == [*before, "analytics"]
    host.runs("libexec/kafka-secrets", "host.internal")
    password = host.var / "secrets/kafka/analytics.password"
    made = password.read_text()
    host.runs("libexec/kafka-secrets", "host.internal")
    assert password.read_text() == made
    assert password.stat().st_mode & 0o777 == 0o600


def test_the_users_and_rights_of_both_tables_are_told_to_the_broker_and_no_others(
    tmp_path: Path, ec2: Path
) -> None:
    host = Host(tmp_path, ec2, SETTINGS)
    (host.var / "kafka-acls.tsv").write_text(OTHERS)
    calls = tmp_path / "calls"
    for program in ("kafka-configs.sh", "kafka-acls.sh"):
        (tmp_path / "bin" / program).write_text(
            f'#!/bin/sh\nfor word; do printf "%s\\t" "$word"; done >> {calls}\necho >> {calls}\n'
        )
        (tmp_path / "bin" / program).chmod(0o755)
    host.environ["KAFKA_RUN"] = f"{tmp_path / 'bin'}/"

    host.runs("libexec/kafka-users")

    said = calls.read_text().splitlines()
    users = {
        line.split("--entity-name\t")[1].split("\t")[0]
        for line in said
        if "entity-name" in line
    }
    granted = [line for line in said if "User:analytics" in line]
    assert users == set(host.runs("libexec/kafka-names").split())
    assert [line.split("--operation\t", 1)[1].split() for line in granted] == [
        ["Read", "--operation", "Describe", "--topic", "coincap.assets.v1"],
        ["Read", "--group", "analytics"],
    ]
    assert not [line for line in said if "--remove" in line]
