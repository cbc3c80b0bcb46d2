r"""Java, and what else runs on its machine: Kotlin, Scala, Groovy, Clojure.

The shape is that of `Throwable.printStackTrace`, with what log frameworks add to a line.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from app.learning.languages.language import Language
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section, application_or

_SOURCE = (
    r"[^()\s:]{1,200}+:\d++|Native Method|Unknown Source|<generated>"
    r"|[\w$-]{1,200}+\.(?:java|kt|scala|groovy)"
)
_LONGEST_LINE = 500
_FRAME = re.compile(rf"[ \t]*+at ([^(]{{3,{LONGEST_NAME}}})\((?:{_SOURCE})\)")
_RELATED = re.compile(
    r"([ \t]*+)(Caused by|Suppressed|Wrapped by): ([\w.$]{1,300})(?:: (.*+))?", re.DOTALL
)
_HEAD = re.compile(
    r"^(?:Exception in thread \"[^\"\n]*\" )?"
    r"((?:[\w$]{1,100}\.){1,20}[A-Z][\w$]{0,200}|[A-Z]\w{0,200}(?:Exception|Error|Throwable))"
    r"(?:: ?|[ \t]*$)",
    re.MULTILINE,
)
_MODULE = re.compile(r"^(?:[\w.-]*(?:@[\w.+-]*)?/){1,2}")
_INNER_FUNCTION = re.compile(r"([^$]+(?:\$[A-Z]\w*)*)(?:\$\$anonfun)?\$([a-z]\w*)\$\d")
_GENERATED_CLASS = re.compile(
    r"\$\$.*|_\$\$_.*|\$MockitoMock.*|\$ByteBuddy.*|\$(?:anonfun|lambda|Lambda)\b|\$\d[^$]*|\$$"
    r"|(?<=Accessor)\d+|(?<=Proxy)\d+"
)
_GENERATED_FUNCTION = re.compile(
    r"^lambda\$|^\$?anonfun\$|^\$?lambda\$|\$(?:\d+|default|suspendImpl|adapted|extension)|\$+$"
)
_RUNTIMES = (
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "clojure.",
    "groovy.", "org.codehaus.groovy.", "org.apache.groovy.", "android.", "androidx.", "dalvik.",
    "com.android.internal.",
    # and what runs tests and builds
    "junit.", "org.junit.", "org.testng.", "org.hamcrest.", "org.opentest4j.",
    "io.kotest.", "org.scalatest.", "org.specs2.", "munit.", "org.spockframework.", "net.jqwik.",
    "io.cucumber.", "cucumber.", "org.robolectric.", "org.apache.tools.ant.", "org.apache.maven.",
    "org.gradle.", "worker.org.gradle.", "sbt.", "com.intellij.", "org.jetbrains.jps.",
    "org.eclipse.jdt.internal.", "org.openjdk.jmh.",
)  # fmt: skip
"""Packages that are nobody's application: their beginnings."""
_LIBRARIES = (
    "org.assertj.", "org.mockito.", "io.mockk.", "org.easymock.", "org.powermock.",
    "org.scalacheck.", "com.google.common.", "com.google.inject.", "com.google.gson.",
    "com.google.protobuf.", "com.fasterxml.", "org.apache.commons.", "org.apache.http.",
    "org.apache.hc.", "org.apache.kafka.", "org.apache.logging.", "org.apache.lucene.",
    "org.slf4j.", "ch.qos.logback.", "okhttp3.", "okio.", "retrofit2.", "feign.", "com.squareup.",
    "org.yaml.snakeyaml.", "org.joda.time.", "org.jsoup.", "org.quartz.", "com.netflix.",
    "org.flywaydb.", "liquibase.", "org.jooq.", "org.mybatis.", "org.elasticsearch.",
    "redis.clients.", "io.lettuce.", "com.mongodb.", "com.amazonaws.", "software.amazon.",
    "io.micrometer.", "io.opentelemetry.", "com.zaxxer.hikari.", "org.postgresql.", "com.mysql.",
    "org.h2.", "oracle.jdbc.", "net.bytebuddy.", "net.sf.cglib.", "javassist.",
    # and frameworks that call the application
    "org.springframework.", "org.hibernate.", "jakarta.", "org.apache.catalina.",
    "org.apache.coyote.", "org.apache.tomcat.", "org.eclipse.jetty.", "io.undertow.", "org.jboss.",
    "io.quarkus.", "io.vertx.", "io.micronaut.", "io.netty.", "io.grpc.", "io.ktor.", "reactor.",
    "io.reactivex.", "rx.", "akka.", "org.apache.pekko.", "play.", "org.glassfish.",
)  # fmt: skip
"""Packages that are the application only of those who work on them."""
_ELSEWHERE = _RUNTIMES + _LIBRARIES


class _Related(NamedTuple):
    """The first line of an error that is named after another."""

    indent: int
    relation: str
    raised: Raised


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    frames: list[Frame] = []
    unrelated: int | None = None  # how far what was suppressed is indented
    lines = text.split("\n")
    for at, line in enumerate(lines):
        found: Frame | _Related | None
        if line.lstrip().startswith("at "):
            found = _called(line) if len(line) < _LONGEST_LINE else None
        else:
            found = _related(line)
        if found is None:
            continue
        if not sections:
            sections.append(Section(_head("\n".join(lines[:at])), frames))
        if type(found) is Frame:
            if unrelated is None:
                frames.append(found)
        elif type(found) is _Related:
            if found.relation == "Suppressed":
                unrelated = found.indent if unrelated is None else min(found.indent, unrelated)
            elif unrelated is None or found.indent < unrelated:
                unrelated, frames = None, []
                outermost = found.relation == "Wrapped by"
                sections.insert(0 if outermost else len(sections), Section(found.raised, frames))
    return application_or(_worked_on, sections)


@lru_cache(REMEMBERED)
def _called(line: str) -> Frame | None:
    """The frame of a line; of most it is known, since most frames are in other traces too."""
    frame = _FRAME.match(line)
    return _frame(frame[1]) if frame else None


def _related(line: str) -> _Related | None:
    related = _RELATED.match(line)
    if related is None:
        return None
    indent, relation, error, message = related.groups()
    return _Related(len(indent), relation, Raised(_class(error), message or ""))


@lru_cache(REMEMBERED)
def _worked_on(frame: Frame) -> Frame:
    return frame._replace(in_app=frame.module.startswith(_LIBRARIES))


def _head(text: str) -> Raised | None:
    found = _HEAD.search(text)
    return found and Raised(_class(found[1]), text[found.end() :].strip())


@lru_cache(REMEMBERED)  # as well, for lines whose numbers have changed
def _frame(where: str) -> Frame | None:
    """A frame by what stands before the parenthesis; none for what compilers put between two."""
    class_name, _, function = _MODULE.sub("", where).rpartition(".")
    if not class_name or function.startswith("access$") or "$$Lambda" in class_name:
        return None
    in_app = not class_name.startswith(_ELSEWHERE) and "$Proxy" not in class_name
    if "$" not in where and not class_name.endswith(
        ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    ):
        return Frame(class_name, function, in_app)
    if inner := _INNER_FUNCTION.match(class_name):
        return Frame(_class(inner[1]), inner[2], in_app)
    return Frame(_class(class_name), _GENERATED_FUNCTION.sub("", function) or function, in_app)


def _class(name: str) -> str:
    return _GENERATED_CLASS.sub("", name) or name


JAVA = Language(
    "java",
    (".java:", ".kt:", ".scala:", ".groovy:", "(Native Method)", "(Unknown Source)", ".clj:",
     "(SourceFile:"),
    _sections,
)  # fmt: skip
