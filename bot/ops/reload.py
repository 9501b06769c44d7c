"""Reload: read, judge the whole against the live state, then one fact; a bad file changes nothing.

Rule 1: validate → compare → publish. Nothing is torn down first, and there is nothing to undo.
Rule 2: one reload is one step of the event loop, so reloads cannot overlap.
Rule 3: every reload leaves a fact: `LimitsChanged` or `LimitsRefused`, with who and the file's digest. Equal
limits leave none.
Rule 4: a fault that was there before and is not made worse does not stop a tightening.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from bot.clock import Clock
from bot.config import Problem, Settings, check, load
from bot.config.limits_file import limits_problems, parse_limits
from bot.config.problems import MASK, shown
from bot.config.read import Text, flat, read_toml
from bot.config.settings import PROVIDED
from bot.model.errors import ConfigError
from bot.model.facts import Fact, LimitsChanged, LimitsRefused
from bot.model.limits import Limits
from bot.model.view import View
from bot.ops.reload_live import live_context, live_warnings
from bot.ops.reload_rules import Change, Diff, diff, tightened, values_of

Outcome = Literal["applied", "unchanged", "needs_confirm", "refused"]


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What a reload did. `version` is that of the limits now in force (after the fact has been applied)."""

    outcome: Outcome
    version: int
    digest: str
    applied: tuple[Change, ...] = ()
    needs_confirm: tuple[Change, ...] = ()
    needs_restart: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the file was accepted."""
        return self.outcome in ("applied", "unchanged")

    def as_dict(self) -> dict[str, Any]:
        """For JSON: changes as [key, old, new]."""
        body = asdict(self) | {"ok": self.ok}
        for name in ("applied", "needs_confirm", "needs_restart"):
            body[name] = [list(change) for change in getattr(self, name)]
        return body


class Reloader:
    """Holds the limits last accepted and turns a changed file into a fact.

    `view` gives the newest view, `put` takes the fact into the inbox.
    """

    def __init__(
        self,
        settings: Settings,
        view: Callable[[], View],
        put: Callable[[Fact], object],
        clock: Clock,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self._settings, self._view, self._put, self._clock, self._env = settings, view, put, clock, env
        self.limits, self.version = settings.limits, view().limits_version
        self._keys = settings.limits_keys

    def announce(self, by: str = "start") -> LimitsChanged | None:
        """At start: publish the file's limits unless the view (rebuilt from the journal) has the same."""
        before = self._view().limits
        self.version = self._view().limits_version
        if before == self.limits:
            return None
        found = diff(before, self.limits)
        changes = found.at_once + found.confirm + found.restart
        return self._publish(self.limits, changes, by, self._settings.limits_digest)

    def reload(self, by: str, confirm: bool = False) -> ReloadResult:
        """Read limits.toml now; accept or refuse it whole. `confirm` lets large loosenings pass."""
        path = self._settings.files.limits
        try:
            text = read_toml(path)
        except ConfigError as error:
            return self._refuse(by, "", tuple(error.problems))
        faults = limits_problems(text, complete=False)
        if faults:
            return self._refuse(by, text.digest, _texts(faults))
        limits = parse_limits(text)
        found = diff(self.limits, limits)
        faults = vanished(text, self._keys, self.limits) + self._new_faults(limits, found.result)
        if faults:
            return self._refuse(by, text.digest, _texts(faults))
        result = self._accept(by, confirm, text.digest, found)
        if result.ok:
            self._keys = frozenset(flat(text.values))
        return result

    def _new_faults(self, asked: Limits, result: Limits) -> list[Problem]:
        """Faults of the file and of what would be in force, without those a tightening left alone."""
        context = live_context(self._settings, self._view())
        known = {problem.key for problem in check(self.limits, context)}
        faults = check(asked, context)
        faults += [fault for fault in check(result, context) if fault not in faults]
        before, after = values_of(self.limits), values_of(result)

        def excused(key: str) -> bool:
            return key in known and tightened(key, before.get(key), after.get(key))

        return [fault for fault in faults if not excused(fault.key)]

    def _accept(self, by: str, confirm: bool, digest: str, found: Diff) -> ReloadResult:
        restart, at_restart = self._settings_changes()
        result = ReloadResult(
            "unchanged",
            self.version,
            digest,
            needs_restart=found.restart + restart,
            warnings=tuple(live_warnings(found.result, self._view())) + at_restart,
        )
        changes = found.at_once + found.confirm
        if not changes:
            return result
        if found.confirm and not confirm:
            problems = tuple(
                f"{self._settings.files.limits}: {change.key}: {change.old} → {change.new} loosens a lot; "
                "to mean it, reload with --confirm"
                for change in found.confirm
            )
            refused = self._refuse(by, digest, problems)
            return replace(
                refused,
                outcome="needs_confirm",
                needs_confirm=found.confirm,
                needs_restart=result.needs_restart,
                warnings=result.warnings,
            )
        self._publish(found.result, changes, by, digest)
        return replace(result, outcome="applied", version=self.version, applied=changes)

    def _publish(self, limits: Limits, changes: tuple[Change, ...], by: str, digest: str) -> LimitsChanged:
        self.limits, self.version = limits, self.version + 1
        texts = tuple((change.key, change.old, change.new) for change in changes)
        fact = LimitsChanged(self._clock.now_ns(), self.version, limits, texts, by, digest)
        self._put(fact)
        return fact

    def _refuse(self, by: str, digest: str, problems: tuple[str, ...]) -> ReloadResult:
        self._put(LimitsRefused(self._clock.now_ns(), by, digest, problems))
        return ReloadResult("refused", self.version, digest, problems=problems)

    def _settings_changes(self) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """What changed in the other files: it waits for a restart, and may even prevent one."""
        try:
            new = load(self._settings.files.main, self._env)
        except ConfigError as error:
            return (), tuple(f"at the next start: {problem}" for problem in error.problems)
        before, after = _flat_settings(self._settings), _flat_settings(new)
        changes = []
        for key in sorted(set(before) | set(after)):
            old, now = before.get(key, "(none)"), after.get(key, "(none)")
            if old != now:
                secret = key.startswith("secrets.")
                texts = (MASK, MASK) if secret else (shown(key, old), shown(key, now))
                changes.append(Change(key, *texts))
        return tuple(changes), ()


def _flat_settings(settings: Settings) -> dict[str, Any]:
    left_out = set(PROVIDED - {"secrets"})
    return flat(settings.model_dump(exclude=left_out)) | flat(settings.terms.model_dump(), "deal.")


def vanished(text: Text, keys: frozenset[str], limits: Limits) -> list[Problem]:
    """Keys that the last accepted file held and this one does not: a sign of a half-written file.

    A whole obligation may go (that needs a restart), and so may a key that may be absent.
    """
    given, found = flat(text.values), []
    owed = text.values.get("obligations", {})
    optional = {"hedge.band_tokens_fixed", "options.carry"}
    for key, value in values_of(limits).items():
        section, exchange = key.split(".")[:2]
        gone = section == "obligations" and exchange not in owed
        if key in keys and key not in given and key not in optional and not gone:
            remedy = f"write it: {key.rpartition('.')[2]} = {shown(key, value)}"
            found.append(Problem(text.file, key, None, "is missing, but was there before", remedy))
    return found


def _texts(problems: list[Problem]) -> tuple[str, ...]:
    return tuple(str(problem) for problem in problems)
