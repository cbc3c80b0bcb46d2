"""The API's documentation: the OpenAPI document and a page that shows it, all from here."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import fastapi_offline
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from app import __version__
from app.routes.components import HEADERS, SECURITY_SCHEMES
from app.routes.direct import DirectRoute, complete_parameters
from app.routes.refusals import problem_examples
from app.schemas import answers, error_answers, patterns, questions
from app.schemas.answer_examples import ANSWERS, BODIES
from app.schemas.json_schema import JsonSchema

router = APIRouter(route_class=DirectRoute)

OPENAPI_VERSION = "3.2.0"
"""The version that can type the lines of a stream (`itemSchema`)."""

_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_TITLE = "Pattern Store"
_DESCRIPTION = """\
Coding agents report what happened, a **pattern** each, and ask before they act: has this
error been seen, what fixed it?

Every error is `application/problem+json` (RFC 9457) and says what to change. Times are
ISO 8601; what is stored comes back in UTC with microseconds.
"""
_TAGS = [
    {"name": "patterns", "description": "Storing patterns, and single ones by their id."},
    {"name": "querying", "description": "Many patterns, by what they hold."},
    {"name": "errors", "description": "Which errors recur, and what is known of them."},
    {"name": "corrections", "description": "What users do not want to see again."},
    {"name": "vocabulary", "description": "What a pattern may be."},
    {"name": "operations", "description": "The store, and the tasks that tend it."},
    {"name": "health", "description": "For those who run the service."},
]


_NAMED: tuple[Any, ...] = (
    patterns.Pattern,
    patterns.StoredPattern,
    patterns.PatternPatch,
    answers.ExportLine,
    answers.Problem,
    answers.BatchProblem,
    answers.BatchCounts,
    answers.PatternPage,
    answers.PatternCount,
    answers.DeletionCounts,
    answers.ValidationResult,
    answers.Statistics,
    answers.AgentStatistics,
    questions.ErrorQuestion,
    error_answers.ResolutionsFound,
    questions.OutcomeReport,
    questions.CorrectionQuestion,
    answers.CorrectionsFound,
    answers.RecurringCorrections,
    error_answers.ErrorGroupPage,
    error_answers.ErrorGroupDetail,
    error_answers.DecisionPage,
    error_answers.DecisionMade,
    questions.Merge,
    questions.Split,
    answers.RetentionRun,
    answers.CompressionRun,
    answers.TaskAccepted,
    answers.Lifecycle,
    answers.Health,
)
"""Every type that a route names."""


@router.get("/docs", include_in_schema=False)
async def get_docs(request: Request) -> Response:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=_TITLE,
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        oauth2_redirect_url=None,
    )


def add_documentation(app: FastAPI, routes: Sequence[DirectRoute], *, served: bool) -> None:
    """Have the application know the document of some routes.

    Where it is `served`, also the page that shows it, and all that the page loads.
    """
    if served:
        app.include_router(router)
        app.mount("/docs/assets", StaticFiles(directory=_ASSETS), name="docs-assets")
    app.openapi = lambda: openapi_document(app, routes)  # type: ignore[method-assign]


def openapi_document(app: FastAPI, routes: Sequence[DirectRoute]) -> dict[str, Any]:
    """The document: the routes' own declarations, and the vocabulary's schemas by name."""
    if app.openapi_schema is None:
        complete_parameters(routes)
        document = get_openapi(
            title=_TITLE,
            version=__version__,
            openapi_version=OPENAPI_VERSION,
            description=_DESCRIPTION,
            license_info={"name": "MIT", "identifier": "MIT"},
            contact={"name": "Pattern Store developers"},
            tags=_TAGS,
            routes=app.routes,
            servers=[{"url": "/", "description": "The service this document comes from."}],
        )
        schemas = _schemas()
        document["security"] = []  # each call says what it takes; these few take nothing
        document["components"] = {
            "schemas": schemas,
            "examples": _examples(schemas, document["paths"]),
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        }
        app.openapi_schema = document
    return app.openapi_schema


def _schemas() -> dict[str, Any]:
    """The named types, and those they are made of, each with an example, by name."""
    adapters: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [
        (str(place), "validation", TypeAdapter(named)) for place, named in enumerate(_NAMED)
    ]
    _, generated = TypeAdapter.json_schemas(
        adapters, ref_template="#/components/schemas/{model}", schema_generator=JsonSchema
    )
    schemas: dict[str, Any] = generated["$defs"]
    for name, schema in schemas.items():
        schema.pop("title", None)
        if name in ANSWERS:
            schema["examples"] = [ANSWERS[name]]
    return schemas


def _examples(schemas: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
    """The examples that the calls refer to, by name."""
    bodies = {
        name: schema["examples"][0] for name, schema in schemas.items() if "examples" in schema
    }
    known = {name: {"value": value} for name, value in (bodies | BODIES).items()}
    known |= problem_examples()
    referred = re.findall('"#/components/examples/([^"]+)"', json.dumps(paths))
    return {name: known[name] for name in sorted(set(referred))}
