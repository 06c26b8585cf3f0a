"""What is installed is pinned, hashed and licensed as allowed; containers run with little."""

import re
from pathlib import Path

import pytest
import yaml

from scripts import write_licences
from scripts.write_licences import find_problems, is_allowed, licence_of, locked_packages

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
INSTALLERS = ("Dockerfile", "Makefile", "scripts/check_container.sh", "scripts/write_sbom.sh")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_its_hashes(lock: Path) -> None:
    """Each entry of each lock file has one version and a SHA-256; none has an address."""
    text = lock.read_text("utf-8")
    entries = re.split(
        r"\n(?=\S)", "\n".join(line for line in text.splitlines() if line[:1] != "#")
    )
    assert len(entries) > 1
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert "://" not in text


@pytest.mark.parametrize("name", INSTALLERS)
def test_nothing_is_installed_without_its_hash(name: str) -> None:
    """Every install checks hashes, or installs the project itself without anything else."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip\"? install[^\n&]*", text)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-build-isolation" in install, install


def test_every_licence_is_known_and_allowed() -> None:
    """Of each package of each lock file."""
    assert list(find_problems()) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("", False),
    ],
)
def test_which_expressions_are_allowed(expression: str, expected: bool) -> None:
    """Of a choice one licence must be allowed, of a sum all."""
    assert is_allowed(expression) is expected


def test_a_package_whose_licence_is_not_allowed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it; so is one that tells none."""
    assert licence_of("structlog") == "MIT OR Apache-2.0"
    monkeypatch.setattr(write_licences, "GIVEN", {"structlog": "GPL-3.0-only"})
    assert [text for text in find_problems() if text.startswith("structlog:")] == [
        "structlog: GPL-3.0-only is not allowed; do without it, or add it to ALLOWED"
    ]
    assert licence_of("no-such-package") is None


def test_the_page_of_licences_is_true() -> None:
    """It names every package with the licence it tells; run `make docs` where it does not."""
    assert (ROOT / "docs" / "licences.md").read_text("utf-8") == write_licences.write_licences()
    assert "structlog" in locked_packages()


def test_the_image_lists_what_it_holds() -> None:
    """The build writes a CycloneDX document of what it installed, and puts it in the image."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)
    (writer,) = [stage for stage in stages if "cyclonedx-py environment" in stage]
    assert writer.startswith("builder AS sbom-writer")
    assert "--output-reproducible" in writer
    assert "COPY --from=sbom-writer /sbom.cdx.json /opt/antbridge/sbom.cdx.json" in stages[-1]
    assert "cyclonedx" not in stages[-1].replace("sbom.cdx.json", "")


def test_the_image_can_be_built_again_to_the_byte() -> None:
    """Nothing of the build's own time or of a hash seed goes into its files."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for needed in (
        "ARG SOURCE_DATE_EPOCH=",
        "PYTHONHASHSEED=0",
        "--invalidation-mode unchecked-hash",
        "--no-log-init",
    ):
        assert needed in text
    assert text.count("\nARG SOURCE_DATE_EPOCH\n") == 2, "in every stage that writes files we keep"


def test_containers_run_with_as_little_as_they_need() -> None:
    """Nobody's user, a read-only root, no capability, no new privileges."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert "\nUSER 10001:10001\n" in (ROOT / "Dockerfile").read_text("utf-8")
    ours = {name: one for name, one in compose["services"].items() if name != "postgres"}
    assert len(ours) == 3
    for name, service in ours.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
