"""The text of a catalogue file as a tree that knows its lines; only plain YAML is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from accounts.refusals import Refusal

LARGEST_FILE = 1_000_000
DEEPEST = 12
MOST_PROBLEMS = 100
KINDS = {"int": "number", "float": "number", "bool": "truth", "null": "nothing", "str": "text"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a catalogue, and where; line 0 means the file as a whole."""

    line: int
    where: str
    words: str

    def located(self, source: str) -> str:
        """Write the problem on one line, the file and the line before it."""
        place = f"{source}:{self.line}" if self.line else source
        parts = [place, self.where, self.words]
        return " ".join(": ".join(part for part in parts if part).split())


class BadCatalogue(Refusal):
    """A catalogue that is refused as a whole; it lists everything that is wrong with it."""

    code = "invalid"
    message = "This catalogue cannot be loaded."
    remedy = "Correct what is listed, and load it again."

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line)
        self.source = source
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        return [problem.located(self.source) for problem in self.problems]


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file: where it stands, what YAML takes it for, and what is in it."""

    line: int
    where: str
    kind: str
    text: str = ""
    items: tuple[Node, ...] = ()
    entries: dict[str, Node] = field(default_factory=dict)


class Wrong(Exception):
    """A value that a catalogue cannot have; the reading goes on with the next one."""

    def __init__(self, node: Node, words: str) -> None:
        self.problem = Problem(node.line, node.where, words)
        super().__init__(words)


def read_file(path: Path) -> str:
    """Read the text of a catalogue file.

    :raises BadCatalogue: missing, a directory, unreadable, too large, or not UTF-8.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise BadCatalogue([_too_large()], source=source)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadCatalogue([Problem(line, "", "this is not UTF-8.")], source=source) from error
    except OSError as error:
        words = error.strerror or type(error).__name__
        problem = Problem(0, "", f"it cannot be read: {words}.")
        raise BadCatalogue([problem], source=source) from error


def parse(text: str, problems: list[Problem]) -> Node:
    """Read a text into a tree; duplicate and odd keys are added to the problems.

    :raises BadCatalogue: no YAML, more than plain YAML, too large, or too deep.
    """
    if len(text.encode(errors="replace")) > LARGEST_FILE:
        raise BadCatalogue([_too_large()])
    try:
        fancy = list(islice(_more_than_plain(text), MOST_PROBLEMS))
        if fancy:
            raise BadCatalogue(fancy)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BadCatalogue([_syntax_problem(error, text)]) from error
    except (ValueError, OverflowError) as error:  # an escape for a character that does not exist
        raise BadCatalogue([Problem(0, "", "it has an escape for no character.")]) from error
    if tree is None:
        raise BadCatalogue([Problem(1, "", "the file is empty.")])
    return _node(tree, "", 1, problems)


def _more_than_plain(text: str) -> Iterator[Problem]:
    """Answer what makes a file larger than it looks, or more than data."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield Problem(line, "", "it is nested too deeply.")
            return
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield Problem(line, "", "anchors and aliases (& and *) are not used in catalogues.")
        if tag := getattr(event, "tag", None):
            yield Problem(line, "", f"tags such as “{str(tag)[:40]}” are not used in catalogues.")


def _too_large() -> Problem:
    return Problem(0, "", f"it is larger than {LARGEST_FILE:,} bytes.")


def _line(marked: yaml.Event | yaml.Node) -> int:
    return marked.start_mark.line + 1 if marked.start_mark else 0


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.context, error.problem) if part)
        return Problem(mark.line + 1 if mark else 0, "", f"this is not YAML: {words}.")
    position = getattr(error, "position", 0)
    line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
    return Problem(line, "", "it has a character that no text has.")


def _node(tree: yaml.Node, where: str, line: int, problems: list[Problem]) -> Node:
    if isinstance(tree, yaml.MappingNode):
        return Node(line, where, "mapping", entries=_entries(tree, where, problems))
    if isinstance(tree, yaml.SequenceNode):
        items = [
            _node(item, f"{where}[{place}]", _line(item), problems)
            for place, item in enumerate(tree.value, start=1)
        ]
        return Node(line, where, "list", items=tuple(items))
    kind = KINDS.get(tree.tag.rpartition(":")[2], "other")
    return Node(line, where, kind, text=tree.value)


def _entries(tree: yaml.MappingNode, where: str, problems: list[Problem]) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    for key, value in tree.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith(":str"):
            shown = f"“{key.value[:40]}” is" if isinstance(key, yaml.ScalarNode) else "this is"
            problems.append(Problem(line, where, f"{shown} no key; put it in quotes if it is."))
            continue
        path = f"{where}.{key.value[:60]}" if where else key.value[:60]
        if key.value in entries:
            first = entries[key.value].line
            problems.append(
                Problem(line, path, f"this key stands here twice, first on line {first}.")
            )
            continue
        entries[key.value] = _node(value, path, line, problems)
    return entries


class _Plain(yaml.SafeDumper):
    """Writes plain YAML: no anchors, whatever is used twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(mapping: dict[str, Any]) -> str:
    """Write a mapping as YAML in its own order, small collections on one line.

    :raises BadCatalogue: something in it is no plain data.
    """
    try:
        return yaml.dump(
            mapping,
            Dumper=_Plain,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=100,
        )
    except (yaml.YAMLError, RecursionError) as error:
        raise BadCatalogue([Problem(0, "", "this is no plain data.")]) from error
