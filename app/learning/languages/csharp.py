r"""C#, and what else runs on .NET: `Exception.ToString`, which prints the innermost error first."""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section, application_or

_LINE = re.compile(
    rf"""
    ^[ \t]*+(?:[^\s(][^\n(]{{1,500}}\.cs\(\d++,\d++\):[ ])?
      at[ ](?P<function>[\w.<>+`|$,\[\]&*=~-]{{3,{LONGEST_NAME}}})[ ]?
      \((?P<parameters>[^\n()]{{0,2000}})\)(?:[ ]in[ ][^\n]{{1,500}}|[ ]\[0x[^\n]{{1,200}})?[ \t]*$
  | ^[ \t]*+(?P<end>---[ ]End[ ]of[ ]inner[ ]exception[ ]stack[ ]trace[ ]---)
  | (?:^|[ ])--->[ ](?:\(Inner[ ]Exception[ ]\#\d+\)[ ])?
      (?P<inner>[A-Za-z_][\w.+`]{{1,{LONGEST_NAME}}})(?:[ ]\(0x[0-9A-Fa-f]+\))?
      (?::[ ](?P<message>(?:(?![ ]--->[ ])[^\n])*+))?
    """,
    re.MULTILINE | re.VERBOSE,
)
_HEAD = re.compile(
    r"^(?:Unhandled [Ee]xception[.:] )?"
    r"((?:[A-Za-z_]\w{0,100}\.){0,20}[A-Z]\w{0,200}(?:Exception|Error|Failed|Failure))"
    r"(?: \(0x[0-9A-Fa-f]+\))?(?: : |: |[ \t]*$)",
    re.MULTILINE,
)
_GENERATED = re.compile(
    r"<+([\w.]*)>(?:\$>)?[a-z]__[^.]*|<(\w+)>\$|<>c(?:__DisplayClass[\w]*)?(?:`\d+)?"
)
_COMPILED = re.compile(r"(?<=lambda_method)\d+")
_GENERIC = re.compile(r"`\d+|\[[^\[\]]*\]")
_RUNTIMES = (
    "System.", "Microsoft.", "Internal.", "Interop.", "Windows.", "MS.", "Mono.", "Xunit.",
    "NUnit.", "MSTest.", "JetBrains.", "TestHost.", "lambda_method", "InvokeStub_",
    "ReflectionAbstractionExtensions",
)  # fmt: skip
"""Namespaces that are nobody's application: their beginnings."""
_LIBRARIES = (
    "Moq.", "NSubstitute.", "FluentAssertions.", "Shouldly.", "Castle.", "AutoMapper.", "MediatR.",
    "Newtonsoft.", "Npgsql.", "MySql.", "Dapper.", "Polly.", "Serilog.", "Grpc.", "Autofac.",
    "Hangfire.", "MassTransit.", "FluentValidation.", "StackExchange.", "Swashbuckle.",
    "UnityEngine.",
)  # fmt: skip
"""Namespaces that are the application only of those who work on them."""
_ELSEWHERE = _RUNTIMES + _LIBRARIES


def _sections(text: str) -> list[Section]:
    """The chain: errors are named from the reported one inwards, their frames come outwards."""
    raised: list[Raised | None] = []
    stacks: list[list[Frame]] = [[]]
    for line in _LINE.finditer(text):
        if line["end"]:
            stacks.append([])
        elif line["inner"]:
            if not raised:
                raised.append(_head(text[: line.start()]))
            raised.append(Raised(_plain(line["inner"]), line["message"] or ""))
        elif _is_parameters(line["parameters"]):
            if not raised:
                raised.append(_head(text[: line.start()]))
            stacks[-1].append(_frame(line["function"]))
    if not raised:
        return []
    stacks = [stack for stack in reversed(stacks) if stack][: len(raised)] or [[]]
    missing = len(raised) - len(stacks)
    stacks = [[] for _ in range(missing)] + stacks
    chain = [Section(error, stack) for error, stack in zip(raised, stacks, strict=True)]
    return application_or(_worked_on, chain)


@lru_cache(REMEMBERED)
def _worked_on(frame: Frame) -> Frame:
    return frame._replace(in_app=frame.module.startswith(_LIBRARIES))


def _is_parameters(text: str) -> bool:
    """Whether this stands between a method's parentheses: nothing, or types with names."""
    return not text or (":" not in text and " " in text) or text.startswith("System.")


def _head(text: str) -> Raised | None:
    found = _HEAD.search(text)
    return found and Raised(_plain(found[1]), text[found.end() :].strip())


@lru_cache(REMEMBERED)
def _frame(function: str) -> Frame:
    name = _plain(_COMPILED.sub("", function))
    module, _, called = name.rpartition(".")
    if called == "MoveNext" and "<" in function:  # what an async method is compiled to
        module, _, called = module.rpartition(".")
    if not called:
        called = "lambda"
    if module.endswith("."):  # .ctor and .cctor
        module, called = module[:-1], f".{called}"
    return Frame(module, called, not name.startswith(_ELSEWHERE))


def _plain(name: str) -> str:
    name = _GENERATED.sub(r"\1\2", name.replace("+", "."))
    while (plain := _GENERIC.sub("", name)) != name:
        name = plain
    return re.sub(r"(?<=\w)\.{2,}(?=[A-Zl])|(?<=\w)\.\.(?!c)", ".", name)


CSHARP = Language("csharp", ("at ",), _sections)
