"""Logs: one JSON line per event on stderr, with the request's id, without personal data; nobody else formats logs."""

import logging
import re
import secrets
import sys
import time
import traceback
from typing import Any

import structlog
from flask import Flask, Response, g, request
from gunicorn.glogging import Logger
from structlog.typing import EventDict, Processor, WrappedLogger

REQUEST_ID_HEADER = "X-Request-ID"
PRIVATE_KEYS = frozenset(
    {"password", "token", "secret", "cookie", "authorization", "email", "phone", "mobile", "address", "id_number"}
    | {"name", "login", "salary", "ip", "remote_addr", "query_string", "form", "body"}
)
LEFT_OUT = "[left out]"
_line_ends = re.compile("[\x7f-\x9f\u2028\u2029]")  # JSON escapes CR and LF itself, but not these
_foreign_id = re.compile(r"[A-Za-z0-9_-]{8,64}")


def configure_logs(level: str = "INFO") -> None:
    """Send structlog's and the standard library's events to stderr as JSON lines; may be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_handler(shared)]
    root.setLevel(level)
    for chatty in ("pymongo", "kombu", "amqp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _handler(shared: list[Processor]) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _describe_exception,
            leave_out_private,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            _escape_line_ends,
        ],
    )
    handler.setFormatter(formatter)
    return handler


def leave_out_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank every key that by its name holds personal data or a secret."""
    return {key: LEFT_OUT if key.lower() in PRIVATE_KEYS else value for key, value in event.items()}


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say the class and the place of an exception; its message only when debugging, for it may quote a record."""
    error = event.pop("exc_info", None)
    error = sys.exc_info() if error is True else error
    error = error[1] if isinstance(error, tuple) else error
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["exception"] = type(error).__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            event["message"] = str(error)
    return event


def _escape_line_ends(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return _line_ends.sub(lambda match: f"\\u{ord(match[0]):04x}", str(line))


def log_requests(app: Flask) -> None:
    """Give every request an id, and write one event per answer: no query string, no person, no address."""
    log = structlog.get_logger("guicheng.web")

    @app.before_request
    def begin() -> None:
        g.request_id, g.started = _request_id(bool(app.config.get("TRUSTED_PROXIES"))), time.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers[REQUEST_ID_HEADER] = g.request_id
        milliseconds = round((time.monotonic() - g.started) * 1000)
        write = log.debug if request.endpoint in ("static", "health.healthz", "health.readyz") else log.info
        write("request", method=request.method, path=_rule(), status=response.status_code, ms=milliseconds)
        return response


def _rule() -> str:
    """The route's pattern, so that a token or a person's id in a path isn't logged."""
    return request.url_rule.rule if request.url_rule else "(no route)"


def _request_id(is_proxy_trusted: bool) -> str:
    foreign = request.headers.get(REQUEST_ID_HEADER, "") if is_proxy_trusted else ""
    return foreign if _foreign_id.fullmatch(foreign) else secrets.token_hex(8)


class GunicornLogger(Logger):
    """Gunicorn's own events as JSON lines; no access log, since log_requests writes one without query strings."""

    def setup(self, cfg: Any) -> None:
        """Let gunicorn's events run up to the root handler."""
        super().setup(cfg)
        self.error_log.handlers, self.error_log.propagate = [], True
        configure_logs(cfg.loglevel.upper())

    def access(self, *_args: Any) -> None:
        """Write nothing here."""
