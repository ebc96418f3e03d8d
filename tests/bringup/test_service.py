# SPDX-License-Identifier: Apache-2.0
"""How the stand-in runs, stops and judges processes, seen from outside the command."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rlcg_bringup.minilaunch import finder

pytestmark = pytest.mark.skipif(
    finder.real_launch_installed(), reason="the real launch is installed and used instead"
)

Write = Callable[[str], Path]
SLEEP = "import time; time.sleep(60)"
# Says when it was asked to end, and ends.
POLITE = (
    "import signal, sys, time\n"
    "def end(*_): print(sys.argv[1], 'ends', flush=True); sys.exit(0)\n"
    "signal.signal(signal.SIGINT, end)\n"
    "print(sys.argv[1], 'ready', flush=True)\n"
    "time.sleep(60)\n"
)


def command(path: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "rlcg_bringup.cli", "launch", str(path), *words]


def run(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(path, *words), capture_output=True, text=True, timeout=60)


def start(path: Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command(path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )


def read_until(process: subprocess.Popen[str], text: str, count: int = 1) -> list[str]:
    """Return the lines up to the `count`-th that holds `text`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        count -= text in line
        if count == 0:
            return lines
    raise AssertionError("\n".join(lines))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return condition()


def test_output_is_prefixed_and_success_is_zero(launch_file: Write) -> None:
    found = run(launch_file("python('print(1); import sys; print(2, file=sys.stderr)')"))
    assert found.returncode == 0
    assert "1] 1" in found.stdout
    assert "1] 2" in found.stderr


def test_a_process_that_dies_makes_the_exit_code_one(launch_file: Write) -> None:
    found = run(launch_file("python('raise SystemExit(3)')"))
    assert found.returncode == 1
    assert "exit code 3" in found.stdout


def test_end_of_a_required_process_ends_the_others(launch_file: Write) -> None:
    path = launch_file(f"python({SLEEP!r}), python('pass', on_exit=[Shutdown(reason='done')])")
    start_s = time.monotonic()
    found = run(path)
    assert found.returncode == 0
    assert "shutting down: done" in found.stdout
    assert time.monotonic() - start_s < 10


def polite(name: str) -> str:
    return f"ExecuteProcess(cmd=[sys.executable, '-uc', {POLITE!r}, '{name}'], output='screen')"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_reverse_order(launch_file: Write, number: signal.Signals) -> None:
    launcher = start(launch_file(", ".join(polite(name) for name in ("first", "second", "third"))))
    read_until(launcher, "ready", 3)
    launcher.send_signal(number)
    start_s = time.monotonic()
    output, _ = launcher.communicate(timeout=30)
    assert time.monotonic() - start_s < 3
    assert launcher.returncode == 128 + number
    ends = [line.split("] ")[1].split()[0] for line in output.splitlines() if "ends" in line]
    assert ends == ["third", "second", "first"]


def test_sigint_works_where_it_was_ignored_at_the_start(launch_file: Write) -> None:
    ignore = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731
    launcher = start(launch_file(f"python({SLEEP!r})"), preexec_fn=ignore)
    read_until(launcher, "started with pid")
    time.sleep(0.5)
    launcher.send_signal(signal.SIGINT)
    output, _ = launcher.communicate(timeout=4)
    # The child got the default disposition back.
    assert "KeyboardInterrupt" in output


def test_a_deaf_process_and_its_children_are_killed(launch_file: Write) -> None:
    deaf = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('pids', os.getpid(), child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    launcher = start(launch_file(f"python({deaf!r})"))
    pids = [int(word) for word in read_until(launcher, "pids")[-1].split()[-2:]]
    launcher.send_signal(signal.SIGINT)
    time.sleep(0.5)
    # Three keystrokes: SIGINT, SIGTERM, SIGKILL.
    for _ in range(2):
        launcher.send_signal(signal.SIGINT)
        time.sleep(0.5)
    launcher.communicate(timeout=4)
    assert not any(alive(pid) for pid in pids)


def test_children_do_not_outlive_a_killed_launcher(launch_file: Write) -> None:
    launcher = start(launch_file(f"python({SLEEP!r})"))
    pid = int(read_until(launcher, "started with pid")[-1].split("[")[-1].rstrip("]"))
    assert alive(pid)
    launcher.kill()
    launcher.wait()
    assert wait_until(lambda: not alive(pid))


def test_respawn_starts_again_until_the_end(launch_file: Write, tmp_path: Path) -> None:
    count = f"open({str(tmp_path / 'count')!r}, 'a').write('x')"
    path = launch_file(
        f"python({count!r}, respawn=True, respawn_delay=0.1), "
        "TimerAction(period=1.5, actions=[Shutdown()])"
    )
    found = run(path)
    assert found.returncode == 0
    assert len((tmp_path / "count").read_text()) >= 2


def test_environment_and_configurations_end_with_their_group(launch_file: Write) -> None:
    show = "import os; print('V', os.environ.get('RLCG_X'))"
    path = launch_file(
        f"SetEnvironmentVariable('RLCG_X', 'out'), GroupAction([SetEnvironmentVariable('RLCG_X', "
        f"'in'), python({show!r})]), python({show!r})"
    )
    words = [line.split()[-1] for line in run(path).stdout.splitlines() if "] V" in line]
    assert sorted(words) == ["in", "out"]


def test_conditions_choose(launch_file: Write) -> None:
    path = launch_file(
        "DeclareLaunchArgument('a', default_value='true'), "
        "LogInfo(msg='yes', condition=IfCondition(LaunchConfiguration('a'))), "
        "LogInfo(msg='no', condition=UnlessCondition(LaunchConfiguration('a')))"
    )
    assert "yes" in run(path).stdout
    assert "no" in run(path, "a:=false").stdout
    found = run(path, "a:=maybe")
    assert found.returncode == 1
    assert "expected true, false, 1 or 0" in found.stdout


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["nonsense"], "expected name:=value"),
        (["b:=1"], "expected one of a"),
        (["a:=c"], "expected one of x, y"),
    ],
)
def test_a_wrong_argument_is_one_line(launch_file: Write, words: list[str], part: str) -> None:
    path = launch_file("DeclareLaunchArgument('a', default_value='x', choices=['x', 'y'])")
    found = run(path, *words)
    assert found.returncode == 2
    assert part in found.stderr
    assert len((found.stdout + found.stderr).strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("actions", "part"),
    [
        ("DeclareLaunchArgument('a', default='x')", "default"),
        ("Node(package='no_such_package', executable='x')", "found no package 'no_such_package'"),
        ("ExecuteProcess(cmd=['/no/such/program'])", "cannot start program-1"),
        ("LogInfo(msg=PythonExpression('1 +'))", "cannot evaluate"),
    ],
)
def test_a_faulty_description_is_told_without_traceback(
    launch_file: Write, actions: str, part: str
) -> None:
    found = run(launch_file(actions))
    assert found.returncode in (1, 2)
    assert part in found.stdout + found.stderr
    assert "Traceback" not in found.stdout + found.stderr


def test_parameter_files_are_removed_at_the_end(launch_file: Write, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    path = launch_file("python('pass')")
    subprocess.run(command(path), env=environment, check=True, capture_output=True, timeout=60)
    assert not list(temporary.iterdir())
