"""The API's description (OpenAPI 3.1), made by quart-schema from the routes and what they take and give.

Its extension is not installed: that would wrap the answer of every route, and its pages load scripts from elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from msgspec.json import schema_components
from quart import Quart, Response, abort, request
from quart_schema import Info, QuartSchema
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider, Tag
from werkzeug.routing.converters import BaseConverter
from werkzeug.routing.rules import Rule

from quart_chat.errors import BadFrame
from quart_chat.web.api_shapes import ENTRY_ID, Problem
from quart_chat.web.problems import MEDIA

View = TypeVar("View", bound=Callable[..., Awaitable[Response]])
Schema = dict[str, Any]

JSON = "application/json"
BLUEPRINT = "api"
_TAKES, _GIVES, _FAILS = "_api_takes", "_api_gives", "_api_fails"
_REF = "#/components/schemas/{name}"

PATH_PARTS: dict[str, Schema] = {
    "name": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64, "description": "The room’s name in its address."},
    "entry_id": {"pattern": ENTRY_ID, "description": "The message’s id."},
    "emoji": {"minLength": 1, "maxLength": 100, "description": "One emoji."},
}
WHY = {
    400: "The request is not as this page describes it.",
    401: "The token opens nothing, or not any more.",
    403: "Whoever asks may not do that, or may not be in the room.",
    404: "There is no such room or message, or not any more.",
    413: "That was too much at once.",
    415: "It is not JSON.",
    422: "What was sent cannot be kept as it is; `detail` says why.",
    429: "A limit was reached; `Retry-After` says when to come again.",
    503: "The server can’t reach its messages right now. The same nonce may be sent again.",
}
ALWAYS = (400, 401, 403, 404, 429, 503)
_SECONDS = {"description": "Seconds until it would be taken.", "schema": {"type": "integer", "minimum": 1}}
HEADERS: dict[int, Schema] = {
    429: {"Retry-After": _SECONDS},
    503: {"Retry-After": _SECONDS},
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    201: {"Location": {"description": "The message’s address here.", "schema": {"type": "string"}}},
}


def takes(model: type[msgspec.Struct]) -> Callable[[View], View]:
    """Read a request's JSON into what a view takes as `data`, strictly, and document it.

    Quart's own reading gives 500 for what is nested too deep, and quart-schema's takes "null" for None.

    Raises:
        BadFrame: it is not that; the text says where.
    """

    def decorated(view: View) -> View:
        setattr(view, _TAKES, model)

        @wraps(view)
        async def reading(*args: Any, **kwargs: Any) -> Response:
            if request.mimetype != JSON:
                abort(415)
            body = await request.get_data(as_text=False)
            try:
                data = msgspec.json.decode(body, type=model)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise BadFrame("That is not what is taken here: %(why)s", why=error) from error
            return await view(*args, data=data, **kwargs)

        return cast(View, reading)

    return decorated


def gives(model: type[msgspec.Struct] | None = None, status: int = 200) -> Callable[[View], View]:
    """Document what a view answers if all goes well; None: nothing."""

    def decorated(view: View) -> View:
        setattr(view, _GIVES, [*getattr(view, _GIVES, ()), (status, model)])
        return view

    return decorated


def fails(*statuses: int) -> Callable[[View], View]:
    """Document what else than ALWAYS a view may answer."""

    def decorated(view: View) -> View:
        setattr(view, _FAILS, statuses)
        return view

    return decorated


def describe(app: Quart) -> Schema:
    """Describe the API of an application, all routes registered."""
    info = Info(
        title="Quart Chat",
        version="1",
        description=(
            "Rooms of a chat, for programs. Who shows a token is the person, or the bot, whose it is; "
            "who shows none is a guest, another one with each request."
        ),
    )
    extension = QuartSchema(
        info=info,
        security_schemes={"token": HttpSecurityScheme("bearer")},
        security=[{}, {"token": []}],
        tags=[Tag(BLUEPRINT, "A room, and what is in it.")],
    )
    return _Description(app, extension).schema()


class _Description(OpenAPIProvider):
    """quart-schema's, for what msgspec describes: it knows neither nested shapes, nor problems, nor their headers."""

    def generate_rules(self) -> Iterable[Rule]:
        return (rule for rule in super().generate_rules() if rule.endpoint.partition(".")[0] == BLUEPRINT)

    def build_paths(self, rule: Rule) -> tuple[Schema, Schema]:
        paths, components = super().build_paths(rule)
        view = self._app.view_functions[rule.endpoint]
        known: Schema = {}
        for operation in (operation for path in paths.values() for operation in path.values()):
            operation["tags"] = [BLUEPRINT]
            operation["responses"] = dict(self._answers(view, known))
            if model := getattr(view, _TAKES, None):
                body = {JSON: {"schema": _described(model, known)}}
                operation["requestBody"] = {"content": body, "required": True}
        return paths, components | known

    def _answers(self, view: Callable[..., Any], known: Schema) -> Iterator[tuple[str, Schema]]:
        for status, model in getattr(view, _GIVES, ()):
            said: Schema = {"description": (model.__doc__ or "") if model else "It is done."}
            if model:
                said["content"] = {JSON: {"schema": _described(model, known)}}
            if status in HEADERS:
                said["headers"] = HEADERS[status]
            yield str(status), said
        bodies = (413, 415) if getattr(view, _TAKES, None) else ()
        for status in sorted({*ALWAYS, *bodies, *getattr(view, _FAILS, ())}):
            said = {"description": WHY[status], "content": {MEDIA: {"schema": _described(Problem, known)}}}
            if status in HEADERS:
                said["headers"] = HEADERS[status]
            yield str(status), said

    def build_querystring_parameters(self, model: Any) -> tuple[list[Schema], Schema]:
        known: Schema = {}
        _described(model, known)
        shape = known.pop(model.__name__)
        wanted = shape.get("required", ())
        return [
            {"name": name, "in": "query", "required": name in wanted, "schema": _of_a_query(kind)}
            for name, kind in shape["properties"].items()
        ], known

    def build_path_parameter(self, name: str, converter: BaseConverter) -> Schema:
        schema = {"type": "string", **PATH_PARTS[name]}
        return {"name": name, "in": "path", "required": True, "schema": schema}


def _described(model: type[Any], known: Schema) -> Schema:
    """Describe a shape; what it is made of comes into `known`."""
    (reference,), components = schema_components([model], ref_template=_REF)
    known.update(components)
    return dict(reference)


def _of_a_query(kind: Schema) -> Schema:
    """Describe what a query may say: it is left out, and never null."""
    kind = {name: value for name, value in kind.items() if name != "default" or value is not None}
    if "anyOf" in kind:
        (one,) = (one for one in kind.pop("anyOf") if one != {"type": "null"})
        kind = {**one, **kind}
    return kind
