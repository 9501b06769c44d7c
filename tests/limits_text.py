"""The shipped configuration in a folder of its own, and edits to the text of its limits."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "config"


def copy_config(folder: Path) -> Path:
    """Copy the shipped files into `folder`; returns the main file's path."""
    for name in ("paper.toml", "deal.toml", "limits.toml"):
        shutil.copy(SHIPPED / name, folder / name)
    return folder / "paper.toml"


def shipped_limits() -> str:
    """The text of the shipped limits."""
    return (SHIPPED / "limits.toml").read_text(encoding="utf-8")


def with_value(text: str, key: str, value: str) -> str:
    """`text` with one dotted key set to `value` (TOML text); the line must be there already."""
    section, _, name = key.rpartition(".")
    head, found, rest = text.partition(f"[{section}]\n")
    assert found, f"no section {section}"
    body, mark, tail = rest.partition("\n[")
    changed, count = re.subn(rf"(?m)^(?:# )?{name} = .*$", f"{name} = {value}", body)
    assert count == 1, f"{key} is there {count} times"
    return head + found + changed + mark + tail


def without(text: str, key: str) -> str:
    """`text` without the line of one dotted key."""
    marked = with_value(text, key, "REMOVED")
    return re.sub(r"(?m)^\w+ = REMOVED\n", "", marked)
