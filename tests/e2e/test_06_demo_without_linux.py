"""The whole demo in a Python that lacks what macOS lacks (tests/macos_like), its children's too."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.full_size
def test_the_demo_answers_where_linux_is_missing(tmp_path: Path) -> None:
    python = _python_without(tmp_path / "venv")
    folder = tmp_path / "stack"

    done = subprocess.run(
        [python, "-m", "local_stack", "--folder", str(folder), "demo", "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "bitcoin" in done.stdout


def _python_without(folder: Path) -> str:
    """A Python with this one's packages: all that the stack starts is this Python again."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages / "all.pth").write_text(line)
    shutil.copy(ROOT / "tests/macos_like/sitecustomize.py", packages)
    return str(folder / "bin/python")
