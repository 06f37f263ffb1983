# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role web writes for Apache and PHP, rendered by Ansible itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.hasite.aws.plugins.module_utils._doctor.releases import NOTHING
from ansible_collections.hasite.aws.plugins.module_utils._web.settings import checked

ROLE = Path(__file__).parents[3] / "roles" / "web"
OPEN = {"ami_parameter": None, "files": None}
FACTS = {"os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12"}


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(each) for each in value]
    return {key: trusted(each) for key, each in value.items()} if isinstance(value, dict) else value


def variables(family: str, **given: Any) -> dict[str, Any]:
    files = ("defaults/main.yml", "vars/main.yml", f"vars/{family}.yml")
    found: dict[str, Any] = {}
    for name in files:
        found |= trusted(yaml.safe_load((ROLE / name).read_text()))
    found |= {"ansible_managed": "managed", "inventory_hostname": "demo-web-a", **given}
    php = {key: found[f"web_php_{key}"] for key in ("version", "extensions", "settings", "shared_paths")}
    asked = {
        key: found[f"web_{key}"] for key in ("packages", "public_folder", "front_controller", "htaccess", "headers")
    }
    asked |= {key: found.get(f"web_{key}") for key in ("methods", "denied_files")}
    system = "Debian 12" if family == "Debian" else "Amazon 2023"
    web = checked({**OPEN, **asked, "php": php, "system": system, "shared_paths": found["web_shared_paths"]})
    return {**found, "__web_checked": {"web": web}, "ansible_facts": FACTS}


def rendered(template: str, family: str = "Debian", **given: Any) -> str:
    loader = DataLoader()
    loader.set_basedir(str(ROLE / "templates"))
    templar = Templar(loader=loader, variables=variables(family, **given))
    text = trust_as_template((ROLE / "templates" / template).read_text())
    return str(templar.template(text))


def test_the_sites_php_is_its_own_user_and_the_health_page_is_not() -> None:
    site, _, health = rendered("pool.conf.j2").partition("[health]")
    assert "user = site\ngroup = site" in site
    assert "listen.owner = www-data" in site
    assert "user = www-data" in health
    assert "user = apache" in rendered("pool.conf.j2", "RedHat").partition("[health]")[2]


def test_a_reload_of_php_waits_for_pages_under_way() -> None:
    pool = rendered("pool.conf.j2", web_php_reload_seconds=3)
    assert "process_control_timeout = 3s" in pool.partition("[global]")[2].partition("[www]")[0]


def test_apache_knows_that_visitors_come_by_https() -> None:
    text = rendered("site.conf.j2", web_domain="www.example.com")
    assert "ServerName https://www.example.com:443\n" in text
    assert "ServerName https://demo-web-a:443\n" in rendered("site.conf.j2")


def test_the_document_root_is_the_public_folder() -> None:
    text = rendered("site.conf.j2", web_public_folder="public/", web_front_controller="index.php")
    assert 'DocumentRoot "/srv/site/current/public"\n' in text
    assert 'FallbackResource "/index.php"\n' in text
    assert "-d '/srv/site/current/public'" in text
    assert "const NEEDED = 'index.php';" in rendered("health.php.j2", web_front_controller="index.php")
    assert "const NEEDED = null;" in rendered("health.php.j2")


@pytest.mark.parametrize(("folder", "pattern"), [("", ""), ("no#where", r"/no\#where"), ("a b", r"/a\ b")])
def test_what_lies_outside_the_document_root_is_unavailable(folder: str, pattern: str) -> None:
    text = rendered("site.conf.j2", web_public_folder=folder)
    assert f"%{{REQUEST_FILENAME}} !~ m'^/srv/site/current{pattern}/'\">" in text


def test_a_pool_of_the_packages_gets_no_file() -> None:
    text = rendered("site.conf.j2", "RedHat")
    assert text.index("SetHandler None") < text.index('SetHandler "proxy:unix:/run/php-fpm/site.sock|fcgi://site"')


def test_folders_of_the_packages_do_not_stand_before_the_sites() -> None:
    text = rendered("site.conf.j2", "RedHat", web_public_folder="public")
    for folder in ("icons", "cgi-bin"):
        assert f'Alias /{folder}/ "/srv/site/current/public/{folder}/"\n' in text


def test_a_pages_character_set_is_not_guessed() -> None:
    assert "AddDefaultCharset Off\n" in rendered("site.conf.j2", "RedHat")


def test_the_packages_first_page_is_away() -> None:
    assert "/etc/httpd/conf.d/welcome.conf" in variables("RedHat")["__web_emptied_files"]


@pytest.mark.parametrize(("status", "wanted"), [("enabled", True), ("disabled", False)])
def test_what_sets_selinuxs_boolean_is_installed(status: str, wanted: bool) -> None:
    """Minimal images lack what `ansible.posix.seboolean` names as its requirement."""
    known = {**variables("RedHat"), "ansible_facts": {**FACTS, "selinux": {"status": status}}}
    packages = Templar(loader=DataLoader(), variables=known).template(known["__web_packages"])
    assert ("python3-libsemanage" in packages) == wanted


def test_htaccess_is_read_only_if_asked_for() -> None:
    assert "AllowOverride None" in rendered("site.conf.j2").partition("health")[0]
    text = rendered("site.conf.j2", web_htaccess=True)
    assert "AllowOverride AuthConfig FileInfo" in text
    assert "FallbackResource" not in text


def test_shared_paths_are_without_php() -> None:
    text = rendered("site.conf.j2", web_shared_paths=["data", "lib/plugins"], web_php_shared_paths=["lib/plugins"])
    assert '<Directory "/srv/site/current/data">' in text
    assert "lib/plugins" not in text


def test_php_asks_before_each_page_whether_the_site_wrote_it() -> None:
    pool = rendered("pool.conf.j2", web_php_settings={"open_basedir": "/srv/site"})
    site, _, health = pool.partition("[health]")
    assert "php_admin_value[auto_prepend_file] = /usr/local/share/hasite/guard.php\n" in site
    assert 'php_admin_value[open_basedir] = "/srv/site:/usr/local/share/hasite/guard.php"\n' in site
    assert "auto_prepend_file" not in health
    paths: dict[str, Any] = {"web_shared_paths": ["data", "lib"], "web_php_shared_paths": ["lib"]}
    guard = rendered("guard.php.j2", **paths, web_php_settings={"auto_prepend_file": "/opt/first.php"})
    assert "})('/srv/site/current', $_SERVER['SCRIPT_FILENAME']," in guard
    assert "$shared = '/srv/site/shared/';" in guard
    assert "foreach (['lib/', ] as" in guard
    assert guard.endswith("require '/opt/first.php';\n")
    assert "require" not in rendered("guard.php.j2")


@pytest.mark.parametrize(
    ("sessions", "folder"), [("share", "/srv/site/sessions"), ("sticky", "/var/lib/hasite/sessions"),
                             ("local", "/var/lib/hasite/sessions")],
)  # fmt: skip
def test_sessions_lie_where_they_are_wanted(sessions: str, folder: str) -> None:
    assert f"session.save_path = '{folder}'\n" in rendered("php.ini.j2", web_sessions=sessions)
    assert f" {folder} --seconds 1440 " in rendered("sessions.service.j2", web_sessions=sessions)


def test_settings_of_the_site_and_of_the_role() -> None:
    text = rendered("php.ini.j2", web_php_settings={"upload_max_filesize": "128M", "session.gc_maxlifetime": 7200})
    assert "\nupload_max_filesize = 128M\n" in text
    assert "\nopcache.revalidate_path = 1\n" in text
    service = rendered("sessions.service.j2", web_php_settings={"session.gc_maxlifetime": 7200})
    assert "--seconds 7200" in service


def test_sessions_of_another_handler_are_left_alone() -> None:
    settings = {"session.save_handler": "redis", "session.save_path": "tcp://cache:6379"}
    text = rendered("php.ini.j2", web_php_extensions=["redis"], web_php_settings=settings)
    assert text.count("session.save_path") == 1


def test_large_uploads_pass_apache() -> None:
    assert "LimitRequestBody 75497472\n" in rendered("site.conf.j2")
    text = rendered("site.conf.j2", web_php_settings={"upload_max_filesize": "3G"})
    assert "LimitRequestBody 0\n" in text


def test_the_health_page_takes_paths_as_they_are() -> None:
    text = rendered("health.php.j2", web_share="/srv/it's $HOME {$x}", web_release="/srv/a\\b")
    assert "const SHARE = '/srv/it\\'s $HOME {$x}';" in text
    assert "const DOCUMENT_ROOT = '/srv/a\\\\b';" in text


def test_headers_are_quoted_and_leave_the_applications_own() -> None:
    text = rendered("site.conf.j2", web_headers={"X-More": '50% "x" \\'})
    assert (
        'Header setifempty X-More "50%% \\"x\\" \\\\" "expr=%{REQUEST_STATUS} -lt 400 && -z resp(\'X-More\')"\n' in text
    )
    assert 'Header always set Strict-Transport-Security "max-age=31536000" "expr=-z resp(\'Strict-' in text
    without = rendered("site.conf.j2", web_headers={"Strict-Transport-Security": ""})
    assert "Header always set Strict-Transport-Security" not in without


def test_methods_and_denied_files_are_as_asked_for() -> None:
    text = rendered("site.conf.j2")
    assert "AllowMethods DELETE GET HEAD OPTIONS PATCH POST PUT\n" in text
    assert "composer\\.json" in text
    text = rendered("site.conf.j2", web_methods=["GET", "PROPFIND"], web_denied_files=[])
    assert "AllowMethods GET PROPFIND\n" in text
    assert "composer" not in text


def test_functions_that_start_programs_are_off_for_pages_only() -> None:
    site, _, health = rendered("pool.conf.j2").partition("[health]")
    assert "php_admin_value[disable_functions] = exec,passthru," in site
    assert "disable_functions" not in health + rendered("php.ini.j2")
    own = {"disable_functions": ""}
    assert "disable_functions" not in rendered("pool.conf.j2", web_php_settings=own)
    assert "disable_functions = ''" in rendered("php.ini.j2", web_php_settings=own)


def test_modules_that_are_not_loaded_by_the_packages_are_loaded() -> None:
    assert "LoadModule buffer_module modules/mod_buffer.so" in rendered("site.conf.j2", "RedHat")
    assert "LoadModule" not in rendered("site.conf.j2")
    assert "/etc/apache2/mods-enabled/buffer.load" in str(variables("Debian")["__web_modules"])


def test_the_health_page_says_of_a_damaged_release_what_the_doctor_looks_for() -> None:
    assert NOTHING in rendered("health.php.j2")
