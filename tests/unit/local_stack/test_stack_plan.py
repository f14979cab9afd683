"""What is started, in which order, and what each process is told."""

from pathlib import Path

from local_stack import plan, settings
from local_stack.java import Java
from local_stack.paths import Paths
from local_stack.plan import Child
from local_stack.record import PORTS, ApiSource, StackRecord

CANARY = "canary-of-a-real-key"
JAVA = Java(Path("/java17"), "17.0.1")
PATHS = Paths(Path("/clone"))
PORT = {name: 1000 + place for place, name in enumerate(PORTS)}
SIMULATED = StackRecord(PORT, "query-secret", ApiSource())
WITH_HISTORY = StackRecord(PORT, "query-secret", ApiSource(), history_hours=3)
REAL = StackRecord(PORT, "query-secret", ApiSource("https://api.example/v3", 50))
ENVIRON = {
    "PATH": "/bin",
    "COINCAP_API_KEY": CANARY,
    "AWS_PROFILE": "work",
    "JAVA_TOOL_OPTIONS": "-Dx",
    "https_proxy": "http://proxy:1",
}


def planned(known: StackRecord) -> dict[str, plan.Step]:
    return {step.name: step for step in plan.steps(PATHS, known, JAVA, ENVIRON)}


def test_everything_that_a_step_needs_is_started_before_it() -> None:
    seen: set[str] = set()

    for step in planned(WITH_HISTORY).values():
        assert set(step.needs) <= seen, step.name
        seen.add(step.name)


def test_the_simulator_is_not_started_when_the_real_api_is_polled() -> None:
    assert "simulator" in planned(SIMULATED)
    assert "simulator" not in planned(REAL)
    assert "simulator" not in planned(REAL)["ingestor"].needs


def test_the_hours_before_are_sent_before_the_ingestor_promises_anything() -> None:
    assert "history" in planned(WITH_HISTORY)["ingestor"].needs
    assert "history" not in planned(SIMULATED)
    assert "history" not in planned(SIMULATED)["ingestor"].needs


def test_nobody_makes_up_what_the_real_api_said_before() -> None:
    real = planned(StackRecord(PORT, "query-secret", REAL.source, history_hours=3))

    assert "history" not in real
    assert "history" not in real["ingestor"].needs


def test_the_real_key_is_told_to_the_ingestor_and_to_nobody_else() -> None:
    knows = {
        name
        for name, step in planned(REAL).items()
        if CANARY in step.env.values() or CANARY in " ".join(step.argv)
    }

    assert knows == {"ingestor"}


def test_no_secret_is_on_a_command_line() -> None:
    secrets = {CANARY, "query-secret", settings.ACCESS_KEY, settings.SECRET_KEY}
    steps = [*planned(REAL).values(), *planned(SIMULATED).values()]

    told = {word for step in steps for word in step.argv}

    assert "local_cloud" in told
    assert [secret for secret in secrets if secret in " ".join(told)] == []


def test_the_real_key_is_told_to_nobody_while_the_simulator_is_polled() -> None:
    assert not [
        name for name, step in planned(SIMULATED).items() if CANARY in step.env.values()
    ]


def test_polling_the_real_api_is_bounded_by_credits() -> None:
    assert planned(REAL)["ingestor"].env["INGESTOR_CREDITS__MAX_TOTAL"] == "50"
    assert "INGESTOR_CREDITS__MAX_TOTAL" not in planned(SIMULATED)["ingestor"].env


def test_a_proxy_is_used_for_the_real_api_and_for_nothing_on_this_machine() -> None:
    told = {name for name, step in planned(REAL).items() if "https_proxy" in step.env}

    assert told == {"ingestor"}


def test_nothing_of_the_persons_own_aws_and_java_settings_is_inherited() -> None:
    for step in planned(SIMULATED).values():
        assert "AWS_PROFILE" not in step.env
        assert "JAVA_TOOL_OPTIONS" not in step.env


def test_each_process_that_stays_has_a_port_of_its_own() -> None:
    staying = plan.children(list(planned(SIMULATED).values()))

    assert len({PORT[child.name] for child in staying}) == len(staying)
    assert all(isinstance(child, Child) for child in staying)


def test_the_environment_file_has_every_promised_variable() -> None:
    assert set(settings.exported(SIMULATED)) == {
        "KAFKA_BOOTSTRAP_SERVERS",
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "COINLAKE_BUCKET",
        "COINLAKE_DATABASE",
        "QUERY_API_URL",
        "QUERY_API_KEY",
        "COINCAP_BASE_URL",
        "SIMULATOR_ADMIN_URL",
        "INGESTOR_URL",
        "S3_SINK_URL",
        "ETL_RUNNER_URL",
        "CLOUD_ADMIN_URL",
    }


def test_the_query_services_key_is_told_to_it_only_as_a_hash() -> None:
    assert "query-secret" not in planned(SIMULATED)["query_api"].env["QUERY_API_KEYS"]
