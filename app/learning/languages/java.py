r"""Java, and what else runs on its machine: Kotlin, Scala, Groovy, Clojure.

The shape is that of `Throwable.printStackTrace`, with what log frameworks add to a line.
"""

import re
from functools import lru_cache

from app.learning.languages.language import LONGEST_NAME, REMEMBERED, Language
from app.learning.stack import Frame, Raised, Section

_SOURCE = (
    r"[\w$.-]{1,100}\.(?:java|kts?|scala|sc|groovy|clj[cs]?)(?::\d+)?|SourceFile(?::\d+)?"
    r"|Native Method|Unknown Source|<generated>"
)
_LINE = re.compile(
    rf"^([ \t]*+)(?:at ([^(\n]{{3,{LONGEST_NAME}}})\((?:{_SOURCE})\)"
    r"|(Caused by|Suppressed|Wrapped by): ([\w.$]{1,300})(?:: ([^\n]*))?)",
    re.MULTILINE,
)
_HEAD = re.compile(
    r"^(?:Exception in thread \"[^\"\n]*\" )?"
    r"((?:[\w$]{1,100}\.){1,20}[A-Z][\w$]{0,200}|[A-Z]\w{0,200}(?:Exception|Error|Throwable))"
    r"(?:: ?|[ \t]*$)",
    re.MULTILINE,
)
_GENERATED_CLASS = re.compile(
    r"\$\$.*|_\$\$_.*|\$MockitoMock.*|\$ByteBuddy.*|\$(?:anonfun|lambda|Lambda)\b|\$\d[^$]*|\$$"
    r"|(?<=Accessor)\d+|(?<=Proxy)\d+"
)
_GENERATED_FUNCTION = re.compile(
    r"^lambda\$|^\$?anonfun\$|^\$?lambda\$|\$(?:\d+|default|suspendImpl|adapted|extension)|\$+$"
)
_ELSEWHERE = (
    # the runtimes
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "clojure.",
    "groovy.", "org.codehaus.groovy.", "org.apache.groovy.", "android.", "androidx.", "dalvik.",
    "com.android.internal.",
    # what runs tests and builds
    "junit.", "org.junit.", "org.testng.", "org.hamcrest.", "org.assertj.", "org.opentest4j.",
    "org.mockito.", "io.mockk.", "org.easymock.", "org.powermock.", "io.kotest.", "org.scalatest.",
    "org.scalacheck.", "org.specs2.", "munit.", "org.spockframework.", "net.jqwik.", "io.cucumber.",
    "cucumber.", "org.robolectric.", "com.google.common.truth.",
    "org.apache.tools.ant.", "org.apache.maven.", "org.gradle.", "worker.org.gradle.", "sbt.",
    "com.intellij.", "org.jetbrains.jps.", "org.eclipse.jdt.internal.", "org.openjdk.jmh.",
    # frameworks that call the application
    "org.springframework.", "org.hibernate.", "jakarta.", "org.apache.catalina.",
    "org.apache.coyote.", "org.apache.tomcat.", "org.eclipse.jetty.", "io.undertow.", "org.jboss.",
    "io.quarkus.", "io.vertx.", "io.micronaut.", "io.netty.", "io.grpc.", "io.ktor.", "reactor.",
    "io.reactivex.", "rx.", "akka.", "org.apache.pekko.", "play.", "org.glassfish.",
    "net.bytebuddy.", "net.sf.cglib.", "javassist.", "com.zaxxer.hikari.", "org.postgresql.",
    "com.mysql.", "org.h2.", "oracle.jdbc.",
)  # fmt: skip
"""Packages that are nobody's application: their beginnings."""


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    frames: list[Frame] = []
    unrelated: int | None = None  # how far what was suppressed is indented
    for line in _LINE.finditer(text):
        indent, where, relation, error, message = line.groups()
        if where:
            if not sections:
                frames = []
                sections.append(Section(_head(text[: line.start()]), frames))
            if unrelated is None and (frame := _frame(where)):
                frames.append(frame)
        elif relation == "Suppressed":
            unrelated = min(len(indent), len(indent) if unrelated is None else unrelated)
        elif unrelated is None or len(indent) < unrelated:
            unrelated = None
            if not sections:
                sections.append(Section(_head(text[: line.start()]), []))
            frames = []
            section = Section(Raised(_class(error), message or ""), frames)
            sections.insert(0 if relation == "Wrapped by" else len(sections), section)
    return sections


def _head(text: str) -> Raised | None:
    found = _HEAD.search(text)
    return found and Raised(_class(found[1]), text[found.end() :].strip())


@lru_cache(REMEMBERED)
def _frame(where: str) -> Frame | None:
    """A frame by what stands before the parenthesis; none for a compiler's own accessors."""
    class_name, _, function = where.rpartition("/")[2].rpartition(".")
    if not class_name or function.startswith("access$"):
        return None
    in_app = not class_name.startswith(_ELSEWHERE) and "$Proxy" not in class_name
    if "$" not in where and not class_name.endswith(
        ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    ):
        return Frame(class_name, function, in_app)
    return Frame(_class(class_name), _GENERATED_FUNCTION.sub("", function) or function, in_app)


@lru_cache(REMEMBERED)
def _class(name: str) -> str:
    return _GENERATED_CLASS.sub("", name) or name


JAVA = Language("java", ("at ",), _sections)
