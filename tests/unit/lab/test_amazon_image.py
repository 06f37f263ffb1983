# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the image that reads as Amazon Linux 2023; that they work is seen in test_systems.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._web import settings, systems

from lab.api.services.ec2 import amis
from lab.faults import layout
from lab.image.amazon import catalogue, userland
from lab.image.amazon.packages import Rpm, advisories, spec
from lab.image.recipe import RECIPES, AmazonRecipe, recipe_of

NAMES = {rpm.name for rpm in (*catalogue.installed(), *catalogue.available())}


@pytest.mark.parametrize("version", systems.SYSTEMS["Amazon 2023"].versions)
def test_repository_has_what_the_role_web_asks_for(version: str) -> None:
    php = {"version": version, "extensions": ["redis", "pdo_mysql", "apcu"], "settings": {}, "shared_paths": []}
    asked: dict[str, Any] = {
        "files": None,
        "ami_parameter": None,
        "packages": [],
        "public_folder": "",
        "front_controller": "",
    }
    more = {"htaccess": False, "headers": {}, "methods": None, "denied_files": None, "shared_paths": []}
    found = settings.checked({**asked, **more, "php": php, "system": "Amazon 2023"})
    assert set(found["packages"]) <= NAMES


def test_two_versions_of_php_exclude_each_other() -> None:
    common = next(rpm for rpm in catalogue.available() if rpm.name == "php8.3-common")
    assert common.provides == ("php-common = 8.3.24",)
    assert common.conflicts == ("php-common < 8.3", "php-common >= 8.4")


def test_every_requirement_is_met() -> None:
    rpms = (*catalogue.installed(), *catalogue.available())
    there = {name.split(" ")[0] for rpm in rpms for name in (rpm.name, *rpm.provides)}
    assert {need.split(" ")[0] for rpm in rpms for need in rpm.requires} <= there


def test_spec_lists_settings_apart_from_programs() -> None:
    rpm = Rpm("x", "1", requires=("y",), folders=("/etc/x/",), after="true")
    text = spec([rpm], {"x": ["/usr/bin/x", "/etc/x/x.conf", "/etc/x/"]})
    assert "Requires: y\n" in text
    assert '%dir "/etc/x/"\n%config(noreplace) "/etc/x/x.conf"\n"/usr/bin/x"\n' in text
    assert "%post -n x\ntrue\n" in text


def test_one_update_is_of_security() -> None:
    updates = {rpm.name: rpm for rpm in catalogue.updates()}
    told = advisories({name: updates[package] for name, package in catalogue.ADVISORIES.items()})
    assert 'type="security"' in told
    assert '<package name="openssl" epoch="0" version="3.2.2" release="2.amzn2023.0.1"' in told
    assert updates.keys() - set(catalogue.ADVISORIES.values()) == {"less", "system-release"}


def test_each_public_image_has_a_recipe_and_another_system_has_another_image() -> None:
    assert {image.system for image in amis.IMAGES} == set(RECIPES)
    for image in amis.IMAGES:
        for number in (0, 2):
            edition = amis.Edition(image, number)
            assert amis.edition_of(edition.id("eu-west-1"), "eu-west-1", {image.system: 2}) == edition
    assert amis.edition_of("ami-0123456789abcdef0", "eu-west-1", {}).image.system == "debian-12"
    assert len({recipe().image.partition(":")[0] for recipe in RECIPES.values()}) == len(RECIPES)
    assert replace(AmazonRecipe(), ingredients="x").key != AmazonRecipe().key


def test_amazons_newer_image_is_of_the_latest_release_and_debians_is_the_same() -> None:
    first, newer = recipe_of("amazon-linux-2023", newer=False), recipe_of("amazon-linux-2023", newer=True)
    assert first.image.partition(":")[0] != newer.image.partition(":")[0]
    assert newer.base is type(first)
    assert recipe_of("debian-12", newer=True) == recipe_of("debian-12", newer=False)
    image = next(each for each in amis.IMAGES if each.system == "amazon-linux-2023")
    for number, release in enumerate(catalogue.RELEASES):
        assert f"-{release}.0-" in amis.Edition(image, number).name
    (named,) = (rpm for rpm in catalogue.updates() if rpm.name == "system-release")
    assert f"system-release(releasever) = {catalogue.RELEASES[1]}" in named.provides


def test_faults_know_the_system_by_its_name() -> None:
    assert layout.layout_of(userland.FILES["usr/lib/os-release"]) is layout.AMAZON
    assert layout.layout_of('ID="debian"\nID=debian\n') is layout.DEBIAN
