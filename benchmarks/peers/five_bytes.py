"""The smallest page that Quart can answer: what a room's page is compared with."""

from quart import Quart, Response

app = Quart(__name__)


@app.get("/")
async def page() -> Response:
    return Response("hello")
