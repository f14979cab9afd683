"""The message of a failed run."""

from local_cloud.jobs.reason import failure

HEAD = "Traceback (most recent call last):\n"


def test_the_last_traceback_tells_the_reason() -> None:
    stderr = (
        f"{HEAD}  File 'a.py', line 1\nKeyError: 'x'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        f"{HEAD}  File 'a.py', line 2\n    go()\nmy.TooBigError: hour 05\n"
    )

    assert failure(1, stderr) == "my.TooBigError: hour 05"


def test_sparks_log_lines_between_do_not_hide_it() -> None:
    stderr = f"{HEAD}  File 'a.py'\n26/01/01 00:00:00 WARN X: noise\nValueError: boom\n"

    assert failure(1, stderr + "26/01/01 00:00:01 INFO X: bye\n") == "ValueError: boom"


def test_a_java_cause_follows_its_python_error() -> None:
    stderr = (
        f"{HEAD}  File 'a.py'\npy4j.protocol.Py4JJavaError: An error occurred while calling o1.x.\n"
        ": java.lang.IllegalStateException: no bucket\n\tat a.b\n"
    )

    assert failure(1, stderr).endswith("o1.x.: java.lang.IllegalStateException: no bucket")


def test_an_exit_without_a_traceback_gives_code_and_last_line() -> None:
    assert (
        failure(3, "usage: x\nbad option\n\n") == "Command failed with exit code 3: bad option"
    )
    assert failure(3, "") == "Command failed with exit code 3"


def test_a_signal_is_named() -> None:
    assert failure(-9, f"{HEAD}  x\nValueError: old\n") == "The process was killed by SIGKILL."
