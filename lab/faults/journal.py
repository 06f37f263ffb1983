# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers what takes a fault back, each step before the change it undoes: a killed `lab break` can be mended too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.base.errors import LabError
from lab.base.paths import LabPaths


@dataclass(frozen=True)
class Step:
    """A call of one of the functions of `steps`, by name, with arguments that JSON can keep."""

    name: str
    arguments: list[Any]
    options: dict[str, Any]


@dataclass
class Journal:
    """What `lab break` has done and `lab mend` has not undone yet."""

    fault: str
    site: str
    machine: str | None
    """The machine that was named, if one was."""
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def begin(cls, place: LabPaths, fault: str, site: str, machine: str | None) -> Journal:
        """Return the journal of a fault that is not made yet."""
        journal = cls(fault, site, machine)
        place.faults.mkdir(parents=True, exist_ok=True)
        try:
            with _file(place, fault).open("x") as file:
                json.dump(asdict(journal), file)
        except FileExistsError:
            raise LabError(f"{fault} is broken already; `lab mend {fault}` mends it.") from None
        return journal

    @classmethod
    def read(cls, place: LabPaths, fault: str) -> Journal:
        """Return the journal of a fault that is made."""
        try:
            found = json.loads(_file(place, fault).read_text())
        except FileNotFoundError:
            raise LabError(f"{fault} is not broken, so there is nothing to mend.") from None
        return cls(**{**found, "steps": [Step(**step) for step in found["steps"]]})

    def add(self, place: LabPaths, step: Step) -> None:
        """Remember one more step."""
        self.steps.append(step)
        self._save(place)

    def taken_back(self, place: LabPaths) -> Iterator[Step]:
        """Yield the steps, the last one first; each is forgotten once it is done, and the journal with the last."""
        while self.steps:
            yield self.steps[-1]
            self.steps.pop()
            self._save(place)
        self.drop(place)

    def drop(self, place: LabPaths) -> None:
        """Forget the fault."""
        _file(place, self.fault).unlink()

    def _save(self, place: LabPaths) -> None:
        """Replace the file as a whole, so that there is always one that can be read."""
        file = _file(place, self.fault)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=2))
        new.replace(file)


def broken(place: LabPaths) -> set[str]:
    """Return the names of the faults that are made now."""
    return {file.stem for file in place.faults.glob("*.json")}


def _file(place: LabPaths, fault: str) -> Path:
    return place.faults / f"{fault}.json"
