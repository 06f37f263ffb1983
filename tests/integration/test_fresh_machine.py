# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fresh machine to a site, by the documents' own commands: under the oldest and the newest ansible-core."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.paths import LabPaths
from tests.integration.fresh_machine import (
    INSTALLED,
    Machine,
    build_tarballs,
    copy_checkout,
    python_of,
    set_up,
    write_inventory,
)
from tests.integration.labs import place_of, run_lab, up

CORES = {"oldest": (11, "2.19.*"), "newest": (13, "2.21.*")}
"""Python's minor version and ansible-core, as README names them."""
WRITTEN = "my-inventory"
CHECK = ("ansible-playbook", "hasite.aws.provision", "-i", WRITTEN, "--check")


@pytest.fixture(scope="session")
def tarballs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build_tarballs(tmp_path_factory.mktemp("tarballs"))


# One of them is enough for every day.
@pytest.fixture(scope="session", params=["oldest", pytest.param("newest", marks=pytest.mark.acceptance)])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tarballs: list[Path]) -> Machine:
    minor, core = CORES[request.param]
    return set_up(tmp_path_factory.mktemp(request.param), python_of(minor), core, tarballs)


def inventory(machine: Machine, place: LabPaths) -> None:
    """Copy the example as README says, and point it at the lab."""
    shutil.rmtree(machine.folder / WRITTEN, ignore_errors=True)
    machine.must("cp", "-r", str(machine.home / INSTALLED / "inventories/example"), WRITTEN)
    write_inventory(machine.folder / WRITTEN, place)


@pytest.mark.lab
def test_a_folder_with_nothing_but_an_inventory_is_enough(machine: Machine, place: LabPaths) -> None:
    inventory(machine, place)
    output = machine.must(*CHECK)
    assert "WARNING" not in output
    assert not (machine.home / INSTALLED / "lab").exists()
    assert re.search(r"localhost +: ok=\d+ +changed=[1-9]", output)


@pytest.mark.lab
def test_what_the_inventory_says_of_localhost_counts(machine: Machine, place: LabPaths) -> None:
    inventory(machine, place)
    spoken = machine.must(*CHECK, "-vvv")
    assert "WARM: " in spoken
    hosts = machine.folder / WRITTEN / "hosts.yml"
    hosts.write_text(hosts.read_text().replace("hasite.aws.warm_local", "local"))
    assert "WARM: " not in machine.must(*CHECK, "-vvv")


@pytest.mark.lab
def test_the_wizard_writes_an_inventory_that_the_site_takes_unchanged(machine: Machine, place: LabPaths) -> None:
    inventory(machine, place)
    # How the lab is reached; on AWS there is no such file.
    text = (machine.folder / WRITTEN / "group_vars/all.yml").read_text()
    (machine.folder / "lab/group_vars").mkdir(parents=True, exist_ok=True)
    (machine.folder / "lab/group_vars/all.yml").write_text(
        "".join(
            f"{line}\n" for line in text.splitlines() if re.match(r"site_(endpoint|access|secret|clock|ami|req)", line)
        )
    )
    shutil.move(machine.folder / WRITTEN / "visitors.yml", machine.folder / "lab/visitors.yml")
    shutil.rmtree(machine.folder / WRITTEN)
    answers = ["site_name=shop", "site_domain=www.hasite.test", "site_region=ap-northeast-1", "site_files="]
    words = [word for answer in (*answers, f"new_inventory={WRITTEN}") for word in ("-e", answer)]
    command = ("ansible-playbook", "hasite.aws.new", "-i", "lab", *words)
    output = machine.must(*command)
    assert "Nothing has been created on AWS" in output
    assert re.search(r"costs about \d+\.\d\d USD a month.* 90\.52  2 NAT gateways", output, re.DOTALL)
    assert re.search(r"addresses +ap-northeast-1: \d+ of 5 in use, 2 more needed", output)
    again = machine.run(*command)
    assert again.returncode != 0
    assert f"{machine.folder / WRITTEN} is there already" in re.sub(r"\s+", " ", again.stdout + again.stderr)
    checked = machine.must("ansible-playbook", "hasite.aws.provision", "-i", "lab", "-i", WRITTEN, "--check")
    assert re.search(r"localhost +: ok=\d+ +changed=[1-9]", checked)


@pytest.fixture
def clone(machine: Machine, tarballs: list[Path]) -> Iterator[Path]:
    """A clone of this checkout in which nothing was made, with the collections that requirements.yml names."""
    target = machine.home / "clone"
    copy_checkout(target)
    others = [str(tarball) for tarball in tarballs if "hasite" not in tarball.name]
    hidden = machine.home / INSTALLED
    hidden.rename(machine.home / "aside")
    machine.must("ansible-galaxy", "collection", "install", "--offline", *others, cwd=target)
    yield target
    (machine.home / "aside").rename(hidden)
    shutil.rmtree(target)


@pytest.mark.lab
def test_a_fresh_clone_works_without_make_setup(machine: Machine, clone: Path, place: LabPaths) -> None:
    shutil.copytree(clone / "inventories/example", clone / "inventories/mine")
    write_inventory(clone / "inventories/mine", place)
    words = ("-i", str(clone / "inventories/mine"), "--check")
    for path, folder in (("playbooks/provision.yml", clone), (str(clone / "playbooks/provision.yml"), machine.folder)):
        assert "failed=0" in machine.must("ansible-playbook", path, *words, cwd=folder)
    assert "failed=0" in machine.must("ansible-playbook", "hasite.aws.provision", *words, cwd=clone)


@pytest.mark.lab
def test_the_git_address_installs_the_same_as_the_tarball(machine: Machine, clone: Path) -> None:
    shutil.rmtree(clone / "build")
    git = ["git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    target = machine.home / "from-git"
    command = [
        "ansible-galaxy",
        "collection",
        "install",
        "--offline",
        "--no-deps",
        "-p",
        str(target),
        f"git+file://{clone}",
    ]
    machine.must(*command)

    def names(root: Path) -> set[str]:
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    assert names(target / "ansible_collections/hasite/aws") == names(machine.home / "aside")
    shutil.rmtree(target)


@pytest.mark.acceptance
def test_from_nothing_to_the_page(machine: Machine) -> None:
    place = place_of("fresh")
    up(place.name, "--speed", "4")
    try:
        inventory(machine, place)
        built = machine.must("ansible-playbook", "hasite.aws.site", "-i", WRITTEN, timeout=900)
        assert re.search(r"https://www.hasite.test/ is answered by \S+ and \S+", built)
        again = machine.must("ansible-playbook", "hasite.aws.site", "-i", WRITTEN, timeout=600)
        assert not re.search(r"changed=[1-9]", again)
        machine.must(
            "ansible-playbook", "hasite.aws.doctor", "-i", WRITTEN, "-e", "doctor_fail_on=warning", timeout=300
        )
        down = ("ansible-playbook", "hasite.aws.teardown", "-i", WRITTEN, "-e", "site_delete_data=true")
        machine.must(*down, timeout=600)
    finally:
        run_lab(place.name, "down")
