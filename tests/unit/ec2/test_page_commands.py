"""Every command that the EC2 pages name exists: operations and options of AWS, parameters, units, paths."""

import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ServiceModel

from tests.unit.ec2 import template_reader

ROOT = Path(__file__).resolve().parents[3]
EC2 = ROOT / "deploy" / "ec2"
HOW_TO = ROOT / "docs" / "how-to"
NAMES = ("deploy-on-ec2", "rotate-the-key", "upgrade", "restore", "remove")
# Commands of the CLI's own that are no operation of a service, with their options used here.
OWN = {
    ("s3", "cp"): set(),
    ("s3", "rb"): {"--force"},
    ("s3", "mb"): set(),
    ("ecr", "get-login-password"): set(),
    ("cloudformation", "deploy"): {
        "--stack-name",
        "--template-file",
        "--capabilities",
        "--disable-rollback",
        "--parameter-overrides",
    },
    ("cloudformation", "wait"): {"--stack-name", "--change-set-name"},
}
EVERYWHERE = {"--query", "--output", "--region"}


def pieces(name: str) -> list[str]:
    """Every command line of a page: of its blocks and of its inline code, continued lines joined."""
    text = (HOW_TO / f"{name}.md").read_text()
    found = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    found += re.findall(
        r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    )
    joined = (re.sub(r"\\\n\s*", " ", block) for block in found)
    return [line.strip() for block in joined for line in block.splitlines()]


def aws_commands(name: str) -> list[list[str]]:
    lines = [re.sub(r"\s#.*", "", line) for line in pieces(name)]
    found = [
        part.group(0)
        for line in lines
        for part in re.finditer(r"\baws [a-z0-9]+ [a-z][a-z0-9-]*[^|&;)]*", line)
    ]
    return [re.sub(r"['\"]", "", one).split() for one in found]


@cache
def service_model(name: str) -> ServiceModel | None:
    session = botocore.session.get_session()
    if name not in session.get_available_services():
        return None
    return session.get_service_model(name)


def unknown(command: list[str]) -> str | None:
    """What of an `aws` command does not exist; None where all does."""
    service, operation = command[1], command[2]
    options = {word for word in command if word.startswith("--")} - EVERYWHERE
    if (service, operation) in OWN:
        return next(iter(options - OWN[service, operation]), None)
    model = service_model("s3" if service == "s3api" else service)
    if model is None:
        return service
    known = {xform_name(one, "-"): one for one in model.operation_names}
    if operation not in known:
        return operation
    shape = model.operation_model(known[operation]).input_shape
    members = {f"--{xform_name(one, '-')}" for one in (shape.members if shape else {})}
    flags = {f"--no-{one[2:]}" for one in members}
    return next(iter(sorted(options - members - flags)), None)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_and_option_of_aws_exists(name: str) -> None:
    assert [(c, what) for c in aws_commands(name) if (what := unknown(c)) is not None] == []


def test_the_pages_name_many_and_a_wrong_one_is_found() -> None:
    assert sum(len(aws_commands(name)) for name in NAMES) > 15
    assert unknown(["aws", "ssm", "put-parameters", "--name", "x"]) == "put-parameters"
    assert unknown(["aws", "ssm", "put-parameter", "--nam", "x"]) == "--nam"
    assert unknown(["aws", "cloudformation", "deploy", "--stack", "x"]) == "--stack"


def test_every_stack_parameter_that_is_told_is_the_templates_and_each_needed_one_is_told() -> (
    None
):
    template = (EC2 / "coinlake.yaml").read_text()
    text = template[template.index("\nParameters:") : template.index("\nConditions:")]
    blocks = dict(re.findall(r"^  ([A-Z]\w+):\n((?:    .*\n|  #.*\n)+)", text, re.MULTILINE))
    needed = {name for name, body in blocks.items() if "    Default:" not in body}
    told: dict[str, set[str]] = {
        name: {
            found
            for line in pieces(name)
            if "--parameter-overrides" in line or "RunHost=" in line
            if "quality.yaml" not in line
            for found in re.findall(r"\b([A-Z]\w+)=", line)
            if found != "IMAGE"
        }
        for name in NAMES
    }

    (beside,) = [
        line for line in pieces("deploy-on-ec2") if "--template-file deploy/ec2/quality" in line
    ]
    raw = template_reader.read(EC2 / "quality.yaml", {}).raw["Parameters"]
    assert set(re.findall(r"\b([A-Z]\w+)=", beside)) == set(raw)
    assert needed <= told["deploy-on-ec2"]
    assert set().union(*told.values()) <= set(blocks)
    for name in NAMES:
        for parameter in re.findall(
            r"`([A-Z][a-z]\w*(?:Cidr|Sha256|Digest|Key|Id|Type))`",
            (HOW_TO / f"{name}.md").read_text(),
        ):
            assert parameter in blocks, (name, parameter)


@pytest.mark.parametrize("name", NAMES)
def test_every_unit_that_a_command_names_exists(name: str) -> None:
    units = {file.name for file in (EC2 / "systemd").iterdir()}
    for line in pieces(name):
        for unit in re.findall(r"(?:systemctl \w+|journalctl -u) (coinlake[\w@.-]+)", line):
            full = unit if "." in unit else f"{unit}.service"
            assert re.sub(r"@[\w-]+\.", "@.", full) in units, line


@pytest.mark.parametrize("name", NAMES)
def test_every_path_of_the_host_is_made_by_a_step(name: str) -> None:
    steps = "\n".join(
        file.read_text()
        for folder in ("bootstrap", "libexec")
        for file in (EC2 / folder).iterdir()
    )
    template = (EC2 / "coinlake.yaml").read_text()
    for line in pieces(name):
        for path in re.findall(r"(?<![\w.])/(?:etc|var/lib)/coinlake/[\w./-]+", line):
            parts = path.split("/")
            leaf, folder = parts[-1], parts[-2]
            # Given by whoever has a certificate, and a place for the host's own settings.
            if leaf in ("tls.pem", "local.env"):
                assert folder in steps
                continue
            # One per user of Kafka, whoever they are.
            leaf = re.sub(r"^[a-z-]+\.password$", "$user.password", leaf)
            known = leaf in steps or leaf.split(".")[0] in steps
            assert known, (path, line)
        for script in re.findall(r"/opt/coinlake/current/(deploy/ec2/[\w./-]+)", line):
            assert (ROOT / script).is_file(), line
            assert (ROOT / script).stat().st_mode & 0o111, line
        for path in re.findall(r"/opt/coinlake/(releases|current|previous)\b", line):
            assert path in steps + template


def test_every_service_and_variable_below_the_secrets_path_exists() -> None:
    settings = (ROOT / "docs" / "reference" / "settings.md").read_text()
    envs = {file.stem for file in (EC2 / "env").iterdir()}
    for name in NAMES:
        for line in pieces(name):
            for service, variable in re.findall(r"/env/([a-z0-9-]+)/([A-Z_]+)", line):
                assert service in envs
                assert f"`{variable}`" in settings, line


# The shell's own: what they are given is in no list of processes.
BUILTINS = {"printf", "echo", "read", "unset", "export", "[", "[[", "test"}
SECRETS = re.compile(r"\$\{?(KEY|SECRET|PASSWORD|TOKEN)\b")


def simple_commands(line: str) -> list[str]:
    """The programs of a line with what they are given, those inside of `$(…)` as their own."""
    parts = re.split(r"\|\||&&|[|;&()]", line.replace("$(", "("))
    return [part.strip() for part in parts if part.strip()]


def shown(line: str) -> list[str]:
    """Which commands of a line are given a secret, by their arguments, that `ps` would show."""
    found = []
    for command in simple_commands(line):
        words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
        if SECRETS.search(command) and words and words[0] not in BUILTINS:
            found.append(words[0])
    return found


@pytest.mark.parametrize("path", sorted(HOW_TO.glob("*.md")), ids=lambda path: path.stem)
def test_no_program_is_given_a_secret_by_its_arguments(path: Path) -> None:
    assert [(line, what) for line in pieces(path.stem) if (what := shown(line))] == []


def test_a_secret_on_a_command_line_would_be_found() -> None:
    assert shown('read -rs KEY && aws ssm put-parameter --name /x --value "$KEY"') == ["aws"]
    assert shown('curl -H "Authorization: Bearer $SECRET" http://127.0.0.1:8104/') == ["curl"]
    assert shown("HASH=$(printf %s \"$SECRET\" | sha256sum | cut -d' ' -f1)") == []
    assert shown('echo "$(sha256sum <<< x "${SECRET}")"') == ["sha256sum"]


def test_the_secrets_of_the_pages_are_named_so_that_they_are_noticed() -> None:
    told = "\n".join(line for name in NAMES for line in pieces(name))

    assert {*re.findall(r"read -rs (\w+)", told)} == {"KEY"}
    assert {*re.findall(r"(\w+)=\$\(openssl rand", told)} == {"SECRET"}


def test_a_stack_that_fails_is_left_to_be_looked_at() -> None:
    deploys = [line for name in NAMES for line in pieces(name) if "coinlake.yaml" in line]
    (whole,) = [line for line in deploys if "cloudformation deploy" in line]

    assert "--disable-rollback" in whole.split("--parameter-overrides")[0]
