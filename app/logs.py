"""Logs as JSON lines on standard error, each with the id of the request it belongs to.

All but ASCII is escaped: some programs end a line also where Unicode has another separator.
"""

import logging
import logging.config

from pythonjsonlogger.core import RESERVED_ATTRS, LogData
from pythonjsonlogger.orjson import OrjsonFormatter

from app.middleware.observation import request_id
from app.schemas.json_text import ascii_json


class _RequestIds(logging.Filter):
    """Gives each record the id of the request being answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        if (identifier := request_id.get()) is not None:
            record.request_id = identifier
        return True


class _AsciiFormatter(OrjsonFormatter):
    """Lines like those of requests."""

    def jsonify_log_record(self, log_data: LogData) -> str:
        return ascii_json(super().jsonify_log_record(log_data))


def configure_logs(level: str) -> None:
    """Set up logging for the process, uvicorn's included."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_ids": {"()": _RequestIds}},
            "formatters": {
                "json": {
                    "()": _AsciiFormatter,
                    "fmt": "%(levelname)s %(name)s %(message)s",
                    "rename_fields": {"levelname": "level", "name": "logger"},
                    "timestamp": "time",
                    "reserved_attrs": [*RESERVED_ATTRS, "color_message"],
                }
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "formatter": "json",
                    "filters": ["request_ids"],
                }
            },
            "root": {"level": level.upper(), "handlers": ["stderr"]},
            "loggers": {"uvicorn.access": {"level": "WARNING"}},
        }
    )
