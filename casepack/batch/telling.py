"""How far a case is, told while it is made: a share and two counts, nothing of the input."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from casepack.batch.task import Form

_PAUSE_SECONDS: Final = 0.2
_STAGES: Final[Mapping[Form, int]] = {Form.PACKAGE: 12, Form.DEIDENTIFIED: 3}
"""How many stages tell of themselves, one after the other."""
_COUNTED: Final = "de-identify"
"""The stage of which the total is the number of instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a case is."""

    part: float
    """Of its work, from 0 to 1; stages count alike."""
    instances: int
    """As many as make up that part."""
    size: int
    """Bytes of input that make up that part."""


Listener = Callable[[Step], None]


def ignore(_step: Step) -> None:
    """Do not listen: the default."""


_listener: ContextVar[Listener] = ContextVar("listener", default=ignore)


def listen(listener: Listener) -> None:
    """Have a listener told of the cases that are made here from now on."""
    _listener.set(listener)


@dataclass(slots=True, kw_only=True)
class Telling:
    """Observes the stages of a case (`casepack.model.Progress`); not frozen: it counts."""

    form: Form
    size: int
    """Bytes of input."""
    _stage: str = ""
    _passed: int = -1
    _instances: int = 0
    _part: float = 0.0
    _told: float = field(default_factory=time.monotonic)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of a stage, and tell now and then."""
        if stage != self._stage:
            self._stage = stage
            self._passed += 1
        if stage == _COUNTED:
            self._instances = total
        part = min(1.0, (self._passed + done / max(1, total)) / _STAGES[self.form])
        now = time.monotonic()
        if part <= self._part or now - self._told < _PAUSE_SECONDS:
            return
        self._part, self._told = part, now
        _listener.get()(
            Step(
                part=part,
                instances=round(part * self._instances),
                size=round(part * self.size),
            )
        )
