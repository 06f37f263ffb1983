# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection `warm_local`, loaded as Ansible loads it, beside the builtin local connection."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.plugins.connection.conftest import living, wait_until

Connect = Callable[..., Any]
Run = Callable[..., tuple[int, bytes, bytes]]
PYTHON = f"/bin/sh -c {sys.executable}"


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    made: list[Any] = []

    def make(name: str = "hasite.aws.warm_local", **options: Any) -> Any:
        connection = connection_loader.get(name, PlayContext(), StringIO())
        own = {"control_path_dir": str(tmp_path / "c"), "idle_timeout": 60} if "warm" in name else {}
        connection.set_options(direct={**own, **options})
        connection.cwd = str(tmp_path)
        made.append(connection)
        return connection

    yield make
    for connection in made:
        connection.reset()
    wait_until(lambda: not sockets(tmp_path))


@pytest.fixture
def run(connect: Connect) -> Run:
    connection = connect()

    def run(script: str, command: str = PYTHON) -> tuple[int, bytes, bytes]:
        result: tuple[int, bytes, bytes] = connection.exec_command(command, in_data=payload(script))
        return result

    return run


def payload(script: str) -> bytes:
    return b"#!/usr/bin/python\n" + textwrap.dedent(script).encode()


def sockets(folder: Path) -> list[Path]:
    return [entry for entry in (folder / "c").glob("*") if entry.is_socket()]


SURROUNDINGS = """
    IGNORED = ("_", "SHLVL", "LINES", "COLUMNS")  # shells and readline change them
    import json, os, resource, signal, sys, threading
    print(json.dumps({
        "environ": {name: value for name, value in os.environ.items() if name not in IGNORED},
        "cwd": os.getcwd(), "umask": os.umask(0), "argv": sys.argv, "orig_argv": len(sys.orig_argv),
        "executable": sys.executable, "prefix": sys.prefix, "path": sys.path, "flags": str(sys.flags),
        "main": [__name__, __file__, sorted(name for name in globals() if name.startswith("__"))],
        "same": sys.modules["__main__"].__dict__ is globals(),
        "files": sorted(os.listdir("/dev/fd"))[:3], "count": len(os.listdir("/dev/fd")),
        "kinds": [os.fstat(number).st_mode >> 12 for number in (0, 1, 2)],
        "streams": [str(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "stdin": sys.stdin.read(), "encoding": sys.getfilesystemencoding(),
        "buffering": [sys.stdout.line_buffering, sys.stderr.line_buffering, sys.stdout.seekable()],
        "signals": {name: str(signal.getsignal(getattr(signal, name)))[:20]
                    for name in dir(signal) if name.startswith("SIG") and "_" not in name},
        "mask": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "limits": [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT")],
        "threads": threading.active_count(), "user": [os.getuid(), os.getgid(), os.getgroups()],
    }, sort_keys=True))
"""


@pytest.mark.parametrize(
    "environ", ["", "AWS_REGION=x B='ä b' ", "LC_ALL=C PYTHONWARNINGS=error PYTHONUTF8=0 ", "HOME=/nowhere "]
)
def test_a_module_finds_what_it_finds_with_the_builtin_connection(
    connect: Connect, environ: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_THE_WORKER", "ö")
    quoted = "'" + f"{environ}{sys.executable}".replace("'", "'\"'\"'") + "'" if environ else sys.executable
    found = []
    for name in ("ansible.builtin.local", "hasite.aws.warm_local", "hasite.aws.warm_local"):
        before = os.umask(0o027)
        try:
            status, stdout, stderr = connect(name).exec_command(f"/bin/sh -c {quoted}", in_data=payload(SURROUNDINGS))
        finally:
            os.umask(before)
        assert (status, stderr) == (0, b"")
        found.append(json.loads(stdout))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    "script",
    [
        "raise SystemExit(7)",
        "raise SystemExit('sentence')",
        "raise SystemExit(300)",
        "1 / 0",
        "def broken(:",
        "import os; os._exit(9)",
        "import atexit; atexit.register(print, 'end')",
        "import threading; threading.Timer(0.1, print, ['late']).start()",
        "import sys; sys.stdout.write('no newline'); sys.stderr.write('other')",
        "import os; os.close(1)",
        "import sys; sys.stdout.close()",
        "import os; os.write(1, bytes(range(256))); os.write(2, b'\\xff\\r\\n')",
        "import subprocess; subprocess.run(['sh', '-c', 'cat; echo child; echo error >&2; exit 3'])",
        "import sys; print(sys.stdin.read() == '', input())",
        "print('x' * 3_000_000)",
        "import warnings; warnings.warn('look')",
    ],
)
def test_a_module_ends_as_with_the_builtin_connection(connect: Connect, script: str) -> None:
    results = [
        connect(name).exec_command(PYTHON, in_data=payload(script))
        for name in ("ansible.builtin.local", "hasite.aws.warm_local")
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_module_has_the_status_that_a_shell_gives_it(run: Run, number: int) -> None:
    assert run(f"import os; os.killpg(0, {int(number)})") == (128 + number, b"", b"")


MISBEHAVIOUR = """
    import builtins, json, os, random, signal, sys, tempfile, threading
    os.environ["LEFT"] = "behind"
    os.chdir("/tmp"); os.umask(0)
    json.dumps = builtins.print = None
    sys.path[:] = []; sys.modules.clear()
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    tempfile.tempdir = "/nowhere"
    threading.Thread(target=lambda: threading.Event().wait(60), daemon=True).start()
    for number in range(3, 64):
        try: os.write(number, b"junk")
        except OSError: pass
        try: os.close(number)
        except OSError: pass
    try: os.killpg(os.getppid(), 0)
    except OSError: pass
"""


def test_nothing_is_left_for_the_next_module(run: Run, connect: Connect) -> None:
    expected = connect("ansible.builtin.local").exec_command(PYTHON, in_data=payload(SURROUNDINGS))
    run(MISBEHAVIOUR)
    assert run(SURROUNDINGS) == expected


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stdout=st.binary(max_size=2000), stderr=st.binary(max_size=2000), status=st.integers(0, 255))
def test_streams_are_exact(run: Run, stdout: bytes, stderr: bytes, status: int) -> None:
    script = f"import os; os.write(1, {stdout!r}); os.write(2, {stderr!r}); raise SystemExit({status})"
    assert run(script) == (status, stdout, stderr)


def test_modules_are_forks_of_one_process_and_share_nothing(run: Run) -> None:
    script = (
        "import os, random, uuid; print(os.getppid(), os.getpid(), random.random(), uuid.uuid4(), os.urandom(4).hex())"
    )
    rows = [run(script)[1].split() for _ in range(4)]
    parents, *others = zip(*rows, strict=True)
    assert len(set(parents)) == 1
    assert all(len(set(column)) == 4 for column in others)


def test_what_a_module_imports_is_there_for_the_next(run: Run) -> None:
    script = """
        import sys
        before = "botocore.loaders" in sys.modules
        import boto3
        import botocore.loaders
        boto3.client("sts", region_name="eu-west-1")
        print(before, botocore.loaders.JSONFileLoader.load_file.__module__)
    """
    first = run(script)
    assert first[1] == b"False botocore.loaders\n", first
    second = run(script)
    assert second[1].startswith(b"True ")
    assert second[1] != first[1]
    assert run(script)[0] == 0


def test_a_child_in_the_background_does_not_hold_the_answer(run: Run) -> None:
    begin = time.monotonic()
    script = "import subprocess; subprocess.Popen(['sleep', '30']); print('done')"
    assert run(script)[:2] == (0, b"done\n")
    assert time.monotonic() - begin < 15


def test_modules_run_at_the_same_time(connect: Connect, tmp_path: Path) -> None:
    script = """
        import os, time
        open(os.environ["MINE"], "w").close()
        deadline = time.monotonic() + 20
        while not os.path.exists(os.environ["OTHER"]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    """
    results = []

    def one(mine: str, other: str) -> None:
        command = f"/bin/sh -c 'MINE={tmp_path}/{mine} OTHER={tmp_path}/{other} {sys.executable}'"
        results.append(connect().exec_command(command, in_data=payload(script)))

    threads = [threading.Thread(target=one, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(0, b"", b"")] * 2


def test_what_is_no_module_runs_as_with_the_builtin_connection(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    assert connection.exec_command("/bin/sh -c 'echo $((1 + 1)); exit 3'") == (3, b"2\n", b"")
    assert connection.exec_command("/bin/sh -c cat", in_data=b"text") == (0, b"text", b"")
    assert not sockets(tmp_path)


def test_become_runs_as_with_the_builtin_connection(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    plugin = become_loader.get("ansible.builtin.sudo")
    plugin.set_options(direct={"become_exe": "env", "become_flags": "", "become_user": "BECOME=1"})
    connection.set_become_plugin(plugin)
    command = f"/bin/sh -c 'echo BECOME-SUCCESS-{{id}}; {sys.executable}'"
    plugin.build_become_command("true", connection._shell)
    command = command.replace("{id}", plugin._id)
    assert connection.exec_command(command, in_data=payload("print('became')"))[1] == b"became\n"
    assert not sockets(tmp_path)


def test_an_interpreter_that_cannot_be_kept_warm_is_used_cold(connect: Connect, tmp_path: Path) -> None:
    old = tmp_path / "python3.4"
    old.write_text(f'#!/bin/sh\n[ "$1" != -c ] || exit 1\nexec {sys.executable} "$@"\n')
    old.chmod(0o755)
    assert connect().exec_command(f"/bin/sh -c {old}", in_data=payload("print('cold')")) == (0, b"cold\n", b"")
    assert not sockets(tmp_path)


def test_socket_is_private_and_an_open_folder_is_not_used(connect: Connect, run: Run, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    other = connect(control_path_dir=str(tmp_path / "open"))
    assert other.exec_command(PYTHON, in_data=payload("print(1)"))[1] == b"1\n"
    assert not list((tmp_path / "open").iterdir())
    run("")
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in sockets(tmp_path)] == [0o600]
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700


def test_it_ends_when_idle(connect: Connect, tmp_path: Path) -> None:
    connection = connect(idle_timeout=1)
    parent = int(connection.exec_command(PYTHON, in_data=payload("import os; print(os.getppid())"))[1])
    wait_until(lambda: not sockets(tmp_path) and not living(parent))
    assert connection.exec_command(PYTHON, in_data=payload("print(1)"))[1] == b"1\n"


def test_a_killed_process_is_replaced(run: Run) -> None:
    parent = int(run("import os; print(os.getppid())")[1])
    os.kill(parent, signal.SIGKILL)
    assert int(run("import os; print(os.getppid())")[1]) != parent


def test_a_module_that_had_begun_is_not_run_again(run: Run, tmp_path: Path) -> None:
    script = f"""
        import os, signal
        open({str(tmp_path / "trace")!r}, "a").write("run ")
        os.kill(os.getppid(), signal.SIGKILL)
    """
    with pytest.raises(AnsibleConnectionFailure, match="while a module ran"):
        run(textwrap.dedent(script))
    assert (tmp_path / "trace").read_text() == "run "


def test_installed_packages_replace_the_process(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    command = f"/bin/sh -c 'PYTHONPATH={packages} {sys.executable}'"
    parents = [run("import os; print(os.getppid())", command)[1] for _ in range(2)]
    (packages / "new.py").write_text("")
    again = run("import os, new; print(os.getppid())", command)
    assert again[0] == 0
    assert parents[0] == parents[1] != again[1]


def test_who_goes_away_harms_nobody(run: Run, tmp_path: Path) -> None:
    run("")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(sockets(tmp_path)[0]))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(sockets(tmp_path)[0]))
        client.sendall(b".\0\0\0\1x")
    assert run("print(1)")[1] == b"1\n"


def archived(value: str, extra: str) -> str:
    """Return a payload's script with an archive: `value` is in ansible-core's base, `extra` beside it."""
    package = "ansible/module_utils/"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for folder in ("ansible/", package, f"{package}_internal/", f"{package}_internal/_ansiballz/"):
            archive.writestr(f"{folder}__init__.py", "")
        archive.writestr(f"{package}basic.py", f"{value = }\nimport os\nparent = os.getpid()\ndef where(): pass\n")
        archive.writestr(
            f"{package}_internal/_ansiballz/_loader.py", "#" * 2000 + "\nfrom ansible.module_utils import basic\n"
        )
        archive.writestr(f"{package}extra.py", f"{extra = }\n")
    return f"""
        import base64, os, sys, tempfile
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(base64.b64decode("{base64.b64encode(data.getvalue()).decode()}"))
            file.flush()
            sys.path.insert(0, file.name)
            from ansible.module_utils import basic, extra
            here = basic.__file__ == basic.where.__code__.co_filename == file.name + "/ansible/module_utils/basic.py"
            print(os.getppid(), basic.value, extra.extra, here, basic.parent == os.getppid())
    """


def test_the_base_is_shared_only_when_it_is_the_same(run: Run) -> None:
    rows = [run(archived(*names)) for names in (("a", "x"), ("a", "y"), ("a", "x"), ("b", "x"))]
    parents, values, extras, here, shared = zip(*(row[1].split() for row in rows), strict=True)
    assert values == (b"a", b"a", b"a", b"b")
    assert extras == (b"x", b"y", b"x", b"x")
    assert here == shared == (b"True",) * 4
    assert parents[0] == parents[1] == parents[2] != parents[3]


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  environment: {OUTER: "1"}
  tasks:
    - look:
        number: "{{ item }}"
      loop: [1, 2]
      environment: {INNER: "2"}
      register: looked
    - ansible.builtin.setup:
        gather_subset: "!all"
    - ansible.builtin.copy:
        dest: "{{ target }}"
        content: text
        mode: "0640"
    - ansible.builtin.command: cat {{ target }}
      changed_when: false
      register: read
    - ansible.builtin.raw: echo raw
      register: raw
    - look:
        number: 3
      async: 30
      poll: 1
      register: later
    - ansible.builtin.copy:
        dest: "{{ target }}.json"
        content: "{{ dict(looked=looked.results | map(attribute='seen'), read=read.stdout, raw=raw.stdout,
                     later=later.seen) | to_json }}"
        mode: "0600"
"""
LOOK = """
#!/usr/bin/python
import os, sys
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_text
import ansible.module_utils.basic as basic

def main():
    module = AnsibleModule(argument_spec=dict(number=dict(type="int")), supports_check_mode=True)
    mine = [name for name in sys.modules if name.split(".")[0] == "ansible"]
    archive = os.path.dirname(sys.modules["ansible"].__path__[0])
    module.exit_json(seen=dict(
        number=module.params["number"], inner=os.environ.get("INNER"), outer=os.environ.get("OUTER"),
        count=len(mine), cwd=os.getcwd(), tmpdir=os.path.basename(module.tmpdir)[:4],
        strangers=[name for name in mine if "distro" not in name and not (
            sys.modules[name].__file__.startswith(archive) and sys.modules[name].__spec__.origin.startswith(archive)
            and sys.modules[name].__loader__.archive == archive)],
        code=basic.AnsibleModule.exit_json.__code__.co_filename == basic.__file__,
        file=basic.__file__ == archive + "/ansible/module_utils/basic.py",
        source=len(basic.__loader__.get_source("ansible.module_utils.basic") or "") > 1000,
        parent=archive.startswith("/tmp") and os.path.isfile(archive)))

if __name__ == "__main__":
    main()
"""


@pytest.mark.slow
def test_a_play_gives_the_same_as_with_the_builtin_connection(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "look.py").write_text(LOOK.lstrip())
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    results = []
    for connection in ("local", "hasite.aws.warm_local"):
        target = tmp_path / connection
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(tmp_path / "play.yml")),
                *("-e", f"ansible_connection={connection}", "-e", f"target={target}"),
                *("-e", f"ansible_python_interpreter={sys.executable}", "-e", "ansible_pipelining=true"),
            ],
            env={
                **os.environ,
                "ANSIBLE_WARM_LOCAL_CONTROL_PATH_DIR": str(tmp_path / "c"),
                "ANSIBLE_WARM_LOCAL_IDLE_TIMEOUT": "1",
            },
            cwd=Path(__file__).parents[4],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results.append(json.loads(target.with_name(f"{connection}.json").read_text()))
    assert results[0] == results[1]
    assert results[1]["looked"][0]["strangers"] == []
    wait_until(lambda: not sockets(tmp_path))
