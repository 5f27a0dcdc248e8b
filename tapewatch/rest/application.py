"""The ASGI application: routes to handlers, errors as google.aip.dev/193 says, streams as lines of JSON."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import grpc
import structlog
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped] # publishes no types
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Receive, Scope, Send

from tapewatch.rest.calls import CallFailed, Handler, HttpContext, answer, responses
from tapewatch.rest.description import describe
from tapewatch.rest.routes import Route
from tapewatch.rest.translation import fields_of, message_of
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.errors import InvalidArgument, PermissionDenied, ServiceError, trailing_details

BODY_BYTES_MAX: Final = 32 << 20
CALL_TIMEOUT_S: Final = 30.0
PASSED_ON: Final = ("authorization", "x-request-id", "user-agent")
HTTP_STATUS: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""Of google.rpc.Code; what is not named is 500."""
SAFETY: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"

_log = structlog.get_logger(__name__)


def application(
    routes: Sequence[Route], handler_of: "Callable[[str], Handler | None]", *, loopback_only: bool = False
) -> Starlette:
    """Serves those of the routes whose method the service has, and the description of them at /openapi.json.

    A page of another site must not act through the reader's browser: a POST is to be application/json, which such a
    page cannot send unasked, and `loopback_only` (where no token is asked for) takes no host but this machine's, so
    that no name of the page's can be pointed here.
    """
    served = [(route, handler) for route in routes if (handler := handler_of(route.method)) is not None]
    description = describe([route for route, _ in served])
    paths = [Path(route.path, partial(_serve, route, handler), methods=[route.verb]) for route, handler in served]

    async def show(request: Request) -> Response:
        return JSONResponse(description, headers=SAFETY)

    middleware = [Middleware(_OwnHost)] if loopback_only else []
    return Starlette(
        middleware=middleware,
        routes=[Path("/openapi.json", show), *paths],
        exception_handlers={HTTPException: _refused, Exception: _broken},
    )


class _OwnHost:
    """Refuses requests under a name that is not this machine's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            request = Request(scope)
            if not Address(request.url.hostname or "", 0).is_loopback:
                text = f"host: expected 127.0.0.1, [::1] or localhost, found {request.headers.get('host', '')[:80]!r}"
                error = PermissionDenied("FOREIGN_HOST", text)
                await failure(CallFailed(error.code, text, trailing_details(error)))(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _serve(route: Route, handler: Handler, request: Request) -> Response:
    method = route.contract
    try:
        asked = await _asked(route, method, request)
        passed = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        peer = f"http:{request.client.host}:{request.client.port}" if request.client else "http"
        if method.server_streaming:
            return await _stream(handler, asked, HttpContext(passed, peer, None), method, request)
        answered = await answer(handler, asked.SerializeToString(), HttpContext(passed, peer, CALL_TIMEOUT_S))
    except ServiceError as error:  # of the request as HTTP has it: the handler has not run
        return failure(CallFailed(error.code, error.message, trailing_details(error)))
    except CallFailed as error:
        return failure(error)
    return _found(_message(method.output_type, answered), request)


async def _asked(route: Route, method: MethodDescriptor, request: Request) -> Message:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if route.verb == "POST" and kind != JSON:
        raise InvalidArgument("NOT_JSON", f"content-type: expected {JSON}, found {kind[:80] or 'none'!r}")
    query = [pair for pair in request.query_params.multi_items() if pair != ("alt", "media")]
    body = await _body(request) if route.verb == "POST" else b""
    etag = request.headers.get("if-match", "").strip('"')
    return message_of(message_factory.GetMessageClass(method.input_type)(), request.path_params, query, body, etag)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"the body: expected at most {BODY_BYTES_MAX} bytes, found more")
    return bytes(body)


def _message(descriptor: Any, encoded: bytes) -> Message:
    return message_factory.GetMessageClass(descriptor).FromString(encoded)


def _found(message: Message, request: Request) -> Response:
    etag = getattr(message, "etag", "")
    headers = {**SAFETY, **({"etag": f'"{etag}"'} if etag else {})}
    if request.query_params.get("alt") == "media" and isinstance(content := getattr(message, "content", None), bytes):
        named = getattr(message, "attachment", message)
        return Response(content, headers={**headers, **_as_file(named)}, media_type="application/octet-stream")
    return JSONResponse(fields_of(message), headers=headers)


def _as_file(named: object) -> dict[str, str]:
    """A file to keep, never one to show: what people attached may be anything."""
    name = getattr(named, "file_name", "") or getattr(named, "name", "") or "content"
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._-") else "_" for each in name)
    return {"content-disposition": f'attachment; filename="{plain[:100]}"'}


async def _stream(
    handler: Handler, asked: Message, context: HttpContext, method: MethodDescriptor, request: Request
) -> Response:
    """The first response, or the failure before it, decides the status; what fails later is the last line."""
    streamed = responses(handler, asked.SerializeToString(), context)
    first = None if method.name.startswith("Watch") else await anext(streamed, None)
    chunks = request.query_params.get("alt") == "media" and "chunk" in method.output_type.fields_by_name
    headers = dict(SAFETY)
    if chunks and first is not None:
        headers |= _as_file(_message(method.output_type, first))
    written = _written(streamed, first, method, chunks)
    return StreamingResponse(written, headers=headers, media_type="application/octet-stream" if chunks else LINES)


async def _written(
    streamed: AsyncIterator[bytes], first: bytes | None, method: MethodDescriptor, chunks: bool
) -> AsyncIterator[bytes]:
    try:
        if first is not None:
            yield _line(first, method, chunks)
        async for each in streamed:
            yield _line(each, method, chunks)
    except CallFailed as error:
        if chunks:  # a file that ends here must not look whole: the connection breaks
            raise
        yield json.dumps({"error": _status(error)}).encode() + b"\n"


def _line(encoded: bytes, method: MethodDescriptor, chunks: bool) -> bytes:
    message = _message(method.output_type, encoded)
    if chunks:
        piece: bytes = message.chunk  # type: ignore[attr-defined] # asked for by name before
        return piece
    return json.dumps(fields_of(message), separators=(",", ":")).encode() + b"\n"


def failure(error: CallFailed) -> Response:
    """A status of gRPC as HTTP."""
    headers = dict(SAFETY)
    retry = RetryInfo()
    if any(each.Unpack(retry) for each in error.details):
        headers["retry-after"] = str(max(1, round(retry.retry_delay.ToMilliseconds() / 1000)))
    if error.code is grpc.StatusCode.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    status = HTTP_STATUS.get(error.code, 500)
    return JSONResponse({"error": _status(error)}, status_code=status, headers=headers)


def _status(error: CallFailed) -> dict[str, Any]:
    details = [json_format.MessageToDict(each, preserving_proto_field_name=True) for each in error.details]
    return {
        "code": HTTP_STATUS.get(error.code, 500),
        "status": error.code.name,
        "message": error.message,
        "details": details,
    }


async def _refused(request: Request, error: Exception) -> Response:
    """What the router or the body's limit refuses: no such path, or not by this verb."""
    assert isinstance(error, HTTPException)
    name = HTTPStatus(error.status_code).name
    text = error.detail if error.status_code == 413 else f"{request.method} {request.url.path}: {error.detail}"
    body = {"error": {"code": error.status_code, "status": name, "message": text, "details": []}}
    return JSONResponse(body, status_code=error.status_code, headers={**SAFETY, **(error.headers or {})})


async def _broken(request: Request, error: Exception) -> Response:
    if not isinstance(error, ClientDisconnect):
        _log.error("request failed", path=request.url.path, exc_info=error)
    return failure(CallFailed(grpc.StatusCode.INTERNAL, "internal error; the service's log says more"))
