# SPDX-License-Identifier: Apache-2.0
"""What `rlcg doctor` says of machine, packages and DDS, without anything running."""

import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rlcg_core.errors import ConfigError
from rlcg_policy.doctor import dds, software, surroundings
from rlcg_policy.doctor.command import doctor
from rlcg_policy.doctor.finding import Finding, Findings, Grade, exit_code
from rlcg_policy.doctor.options import LISTEN_S, QUICK_LISTEN_S, parse
from rlcg_record.record_parameters import RecordParameters

GB = 1_000_000_000
LINES = {"SHM": "<type>SHM</type>", "UDP": "<type>UDPv4</type>"}


def only(report: Findings, check: str) -> Finding:
    found = [one for one in report if one.check == check]
    assert len(found) == 1, f"{found}"
    return found[0]


def test_a_line_tells_what_was_found_and_expected_and_what_to_do() -> None:
    report = Findings()
    report.warning("camera", "2 pictures per second", "3 or more", "see its log")
    assert str(report[0]) == (
        "warning  camera: 2 pictures per second, expected 3 or more: see its log"
    )


def test_errors_fail_and_warnings_only_when_asked_to() -> None:
    report = Findings()
    report.ok("a", "fine")
    report.absent("b", "not there")
    assert exit_code(report, strict=True) == 0
    report.warning("c", "slow")
    assert (exit_code(report, strict=False), exit_code(report, strict=True)) == (0, 1)
    report.error("d", "broken")
    assert exit_code(report, strict=False) == 1


def test_a_check_that_raises_is_an_error_of_that_check() -> None:
    report = Findings()
    with report.attempt("model"):
        raise ConfigError("no model, expected one")
    assert only(report, "model") == Finding("model", Grade.ERROR, "no model, expected one")


def test_the_command_line_is_read_strictly(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse([]).listen_s == LISTEN_S
    assert parse(["--quick"]).listen_s == QUICK_LISTEN_S
    assert parse(["--expect-running"]).expected_nodes == ("policy_node", "arm_node")
    assert parse(["--expect-running", "camera_node"]).expected_nodes == ("camera_node",)
    assert parse(["--topics", "image_raw:=/cam/image"]).topics == (("image_raw", "/cam/image"),)
    for wrong in ("image_raw=/cam", "image_raw:=", "pictures:=/cam"):
        assert doctor(["--topics", wrong]) == 2
        assert "expected name:=/its/topic" in capsys.readouterr().err
    assert doctor(["--listen", "0"]) == 2


@pytest.fixture
def shm_only(repository: Path) -> str:
    return str(repository / "config" / "fastdds_shm_only.xml")


def dds_findings(
    environment: dict[str, str], robot: str = "sim", middleware: str = "rmw_fastrtps_cpp"
) -> Findings:
    report = Findings()
    dds.check(report, environment, middleware, robot)
    return report


def test_a_profile_of_fast_dds_keeps_no_other_middleware_within_the_machine(shm_only: str) -> None:
    given = {"FASTDDS_DEFAULT_PROFILES_FILE": shm_only}
    report = dds_findings(given, middleware="rmw_cyclonedds_cpp")
    assert only(report, "dds profile").grade is Grade.WARNING
    assert "no effect on rmw_cyclonedds_cpp" in only(report, "dds profile").found
    assert "the network" in only(report, "dds range").found


def test_the_shipped_profile_opens_no_socket_and_one_with_udp_does(
    shm_only: str, tmp_path: Path
) -> None:
    assert dds.opens_no_socket(Path(shm_only))
    mixed = tmp_path / "mixed.xml"
    mixed.write_text(Path(shm_only).read_text().replace(LINES["SHM"], LINES["UDP"]))
    assert not dds.opens_no_socket(mixed)
    builtin = tmp_path / "builtin.xml"
    text = Path(shm_only).read_text()
    builtin.write_text(text.replace("Transports>false", "Transports>true"))
    assert not dds.opens_no_socket(builtin)


@pytest.mark.parametrize(
    ("environment", "robot", "check", "grade", "text"),
    [
        ({"profile": "shm"}, "sim", "dds profile", Grade.OK, "nothing leaves this machine"),
        ({"profile": "shm"}, "kuka", "dds profile", Grade.WARNING, "another computer"),
        ({"profile": "gone.xml"}, "sim", "dds profile", Grade.ERROR, "gone.xml cannot be read"),
        ({}, "sim", "dds profile", Grade.OK, "none"),
        ({}, "sim", "dds range", Grade.WARNING, "whoever is on it"),
        ({"ROS_SECURITY_ENABLE": "true"}, "sim", "dds range", Grade.OK, "SROS 2"),
        (
            {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
            "sim",
            "dds range",
            Grade.OK,
            "this machine",
        ),
        (
            {"profile": "shm", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
            "sim",
            "dds range",
            Grade.WARNING,
            "opens sockets all the same",
        ),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "NEAR"}, "sim", "dds range", Grade.ERROR, "'NEAR'"),
        ({"ROS_DOMAIN_ID": "42"}, "sim", "dds domain", Grade.OK, "42"),
        ({"ROS_DOMAIN_ID": "200"}, "sim", "dds domain", Grade.WARNING, "ports"),
        ({"ROS_DOMAIN_ID": "200", "profile": "shm"}, "sim", "dds domain", Grade.OK, "200"),
        ({"ROS_DOMAIN_ID": "233"}, "sim", "dds domain", Grade.ERROR, "0 to 232"),
        ({"ROS_DOMAIN_ID": "lab"}, "sim", "dds domain", Grade.ERROR, "'lab'"),
    ],
)
def test_what_the_environment_says_of_dds_is_judged(
    environment: dict[str, str], robot: str, check: str, grade: Grade, text: str, shm_only: str
) -> None:
    given = dict(environment)
    if "profile" in given:
        path = given.pop("profile")
        given["FASTDDS_DEFAULT_PROFILES_FILE"] = shm_only if path == "shm" else path
    found = only(dds_findings(given, robot), check)
    assert found.grade is grade, found
    assert text in str(found)


@pytest.mark.parametrize(
    ("free_mb", "grade"), [(5, Grade.ERROR), (40, Grade.WARNING), (200, Grade.OK)]
)
def test_little_shared_memory_is_told(
    free_mb: int, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _usage(free_mb * 1_000_000))
    assert only(dds_findings({}), "/dev/shm").grade is grade


def _usage(free: int) -> object:
    return type("Usage", (), {"free": free})()


@pytest.mark.parametrize(
    ("free", "grade"), [(0.4 * GB, Grade.ERROR), (2 * GB, Grade.WARNING), (100 * GB, Grade.OK)]
)
def test_the_disk_is_reckoned_in_hours_of_recording(
    free: float, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: _usage(int(free)))
    report = Findings()
    surroundings.check_disk(report, tmp_path / "not" / "yet", bytes_per_s=1e7)
    assert only(report, "disk").grade is grade
    if grade is Grade.WARNING:
        surroundings.check_disk(report, tmp_path, bytes_per_s=1e5)
        assert "4.2 h at 0.1 MB/s" in report[1].found, "recording stops before the disk is full"


def test_recording_stops_where_the_doctor_says_it_does() -> None:
    assert RecordParameters().min_free_mb == surroundings.LEAST_MB


def test_few_open_files_and_a_saving_governor_are_told(tmp_path: Path) -> None:
    report = Findings()
    surroundings.check_files(report, soft=256)
    assert only(report, "open files").grade is Grade.WARNING
    for core, governor in enumerate(["performance", "powersave"]):
        folder = tmp_path / f"cpu{core}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
    surroundings.check_processor(report, tmp_path)
    found = only(report, "processor")
    assert found.grade is Grade.WARNING
    assert "governor powersave" in found.found


def test_two_builds_of_onnxruntime_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_installed", lambda name: name != "onnxruntime-gpu")
    report = Findings()
    software.check_packages(report)
    assert [one.grade for one in report] == [Grade.OK, Grade.ERROR]
    assert "onnxruntime and onnxruntime-openvino" in report[1].found


def test_a_program_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("record_node", "rlcg_record.no_such:main", "console_scripts")
    monkeypatch.setattr(software, "entry_points", lambda group: [broken])
    report = Findings()
    software.check_entry_points(report)
    assert {one.grade for one in report} == {Grade.ERROR}
    assert "rlcg_record.no_such:main cannot be imported" in report[0].found


def test_a_program_on_another_python_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "rlcg_policy"
    folder.mkdir(parents=True)
    program = folder / "policy_node"
    program.write_text(f"#!{sys.prefix}/bin/python\n")
    report = Findings()
    software.check_executables(report, {"AMENT_PREFIX_PATH": str(tmp_path)})
    program.write_text("#!/elsewhere/bin/python3\n")
    software.check_executables(report, {"AMENT_PREFIX_PATH": str(tmp_path)})
    assert [one.grade for one in report] == [Grade.OK, Grade.ERROR]
    assert "policy_node runs on /elsewhere/bin/python3" in report[1].found


def test_an_old_python_is_told() -> None:
    report = Findings()
    software.check_python(report, (3, 9))
    assert only(report, "python").grade is Grade.WARNING
