"""Glue's rules for arguments."""

import importlib
import sys

import pytest

from local_cloud.errors import AwsError
from local_cloud.jobs import arguments
from local_cloud.jobs.installed import Packages
from local_cloud.jobs.process import SHIM

HERE = Packages({"pyspark": "3.5.9", "orjson": "3.13.0", "pyarrow": "25.0.1"}, "3.3.4")


def test_fixed_arguments_win_over_the_runs_and_those_over_the_defaults() -> None:
    defaults = {"--a": "default", "--b": "default", "--c": "default"}
    given = {"--b": "run", "--c": "run"}
    fixed = {"--c": "fixed"}

    found = arguments.resolved(defaults, given, fixed)

    assert found == {"--a": "default", "--b": "run", "--c": "fixed"}


def test_a_script_sees_its_name_first_and_flags_without_a_value() -> None:
    line = arguments.command_line("job", "jr_1", {"--flag": "", "plain": "1"})

    assert line == ["--JOB_NAME", "job", "--JOB_RUN_ID", "jr_1", "--flag", "--plain", "1"]


def test_conf_holds_several_settings_in_one_string() -> None:
    found = arguments.spark_conf({"--conf": "a=1 --conf b.c='x y' --conf d=e=f"})

    assert found == {"a": "1", "b.c": "x y", "d": "e=f"}


def test_conf_without_a_value_is_refused() -> None:
    with pytest.raises(AwsError, match="key=value"):
        arguments.spark_conf({"--conf": "spark.ui.enabled"})


def test_extra_files_are_separated_by_commas() -> None:
    found = arguments.extra_files({"--extra-py-files": "s3://b/a.zip, s3://b/c.py,"})

    assert found == ["s3://b/a.zip", "s3://b/c.py"]


@pytest.mark.parametrize(
    "given",
    [
        {"--a": "x" * arguments.LIMIT_BYTES},
        {"--additional-python-modules": "polars"},
        {"additional-python-modules": "polars"},
        {"--additional-python-modules": "orjson==3.13.0,polars==1.0.0"},
        {"--additional-python-modules": "orjson==0.0.1"},
        {"--additional-python-modules": "s3://b/orjson-3.13.0-py3-none-any.whl"},
        {"--job-bookmark-option": "job-bookmark-enable"},
        {"--enable-glue-datacatalog": "true"},
        {"--enable-glue-datacatalog": "anything"},
        {"--extra-files": "s3://b/a.conf"},
        {"--job-language": "scala"},
    ],
)
def test_what_cannot_be_carried_out_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(AwsError) as caught:
        arguments.check(given, HERE)

    assert caught.value.code == "InvalidInputException"


def test_modules_that_are_here_need_nothing() -> None:
    arguments.check({"--additional-python-modules": "orjson==3.13.0, pyarrow"}, HERE)


def test_bookmarks_that_are_off_are_fine() -> None:
    arguments.check(
        {
            "--job-bookmark-option": "job-bookmark-disable",
            "--enable-metrics": "true",
            "--enable-spark-ui": "false",
            "--job-language": "python",
        },
        HERE,
    )


def test_the_shim_resolves_options_as_glue_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SHIM))
    utils = importlib.import_module("awsglue.utils")

    found = utils.getResolvedOptions(
        ["s.py", "--JOB_NAME", "j", "--other", "1", "--x", "2"], ["x"]
    )

    assert found == {"x": "2"}
    with pytest.raises(utils.GlueArgumentError):
        utils.getResolvedOptions(["s.py"], ["x"])
    for name in [name for name in sys.modules if name.startswith("awsglue")]:
        del sys.modules[name]
