"""The command `quart-chat`: it serves; its subcommands look after rooms."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import update_wrapper
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import click

from quart_chat import __version__, keys
from quart_chat.config import Settings
from quart_chat.errors import QuartChatError, SettingsError
from quart_chat.live.leftovers import Leftovers
from quart_chat.pages import transcripts
from quart_chat.pages.transcripts import Header
from quart_chat.room.names import clean_title, slug_of
from quart_chat.room.record import LINKED
from quart_chat.room.rights import Role
from quart_chat.server import Plan, options, run
from quart_chat.shelf.shelf import Shelf
from quart_chat.store.archive import Archive, InTheWay, Opening, RoomSummary
from quart_chat.store.log import Retention
from quart_chat.store.rules import RoomRules, new_secret
from quart_chat.tools import checkup, session
from quart_chat.tools.transcripts import BadLine, JsonReader

SOME = 500  # messages between two steps of the progress bar

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of messages and key; default: ./data.",
)


@contextmanager
def _said() -> Iterator[None]:
    """Say what went wrong in one line, and end: 2 for a setting, 1 for all else."""
    try:
        yield
    except QuartChatError as error:
        click.echo(f"quart-chat: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


def _settings(data: Path | None) -> Settings:
    given = data or _data_of_group()
    settings = Settings.from_environment()
    return replace(settings, data=given) if given else settings


def _data_of_group() -> Path | None:
    context = click.get_current_context(silent=True)
    found: Path | None = context.find_root().params.get("data") if context is not None else None
    return found


@click.group(
    name="quart-chat",
    invoke_without_command=True,
    epilog="SIGTERM or Ctrl-C ends the server, SIGHUP restarts its workers one by one. "
    "All settings: the environment (REDIS_URL, QUART_CHAT_...) and hypercorn.toml.",
)
@click.option("--bind", multiple=True, metavar="HOST:PORT", help="Where to listen; port 0 takes any. May be repeated.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
@data_option
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Server settings; default: ./hypercorn.toml.",
)
@click.version_option(__version__, prog_name="quart-chat")
@click.pass_context
def main(
    context: click.Context, bind: tuple[str, ...], workers: int | None, data: Path | None, config: Path | None
) -> None:
    """Run Quart Chat: chat rooms in a browser, from this machine.

    Without REDIS_URL it keeps the messages in a store of its own, in the data folder.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a dash must not end the server under an old locale
    if context.invoked_subcommand is not None:
        return
    with _said():
        plan = Plan(
            settings=_settings(data),
            config_file=config or options.find_file(Path.cwd()),
            bind=bind,
            workers=workers,
        )
        # click's `obj` is a factory; None is the chat. Tests hand in an application of theirs.
        run(replace(plan, factory=context.obj) if context.obj else plan)


def _on_the_store(work: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a subcommand of work on the archive of all rooms."""

    @data_option
    def command(data: Path | None, **arguments: Any) -> None:
        with _said():
            settings = _settings(data)
            asyncio.run(_with_archive(settings, work, arguments))

    return update_wrapper(command, work)


async def _with_archive(
    settings: Settings, work: Callable[..., Coroutine[Any, Any, None]], arguments: dict[str, Any]
) -> None:
    async with session.opened(settings, make=arguments.get("file") is not None) as pipeline:
        await work(settings, Archive(pipeline, Retention.of(settings)), **arguments)


@main.command()
@click.argument("room")
@data_option
def owner(data: Path | None, room: str) -> None:
    """Make a link that gives a room to whoever opens it. The room's earlier link for owners ends."""
    with _said():
        asyncio.run(_owner(_settings(data), room))


async def _owner(settings: Settings, room: str) -> None:
    async with session.opened(settings) as pipeline:
        found = await _find(Archive(pipeline, Retention.of(settings)), room)
        rules = RoomRules(pipeline, lambda: time.time_ns() // 1_000_000)
        secret = new_secret()
        await rules.set_link(found.name, Role.OWNER, secret)
        await rules.record(found.name, "quart-chat", LINKED, Role.OWNER)
    click.echo(f"/r/{found.name}/keys/{secret}")
    click.echo("Put the server’s address before it, and open it in the browser of who is to own the room.", err=True)


@main.command()
@data_option
def check(data: Path | None) -> None:
    """See whether the settings and the store are such that a server would serve."""
    with _said():
        settings = _settings(data)
        if file := options.find_file(Path.cwd()):
            options.load(file)
        sys.exit(asyncio.run(_check(settings)))


async def _check(settings: Settings) -> int:
    _tell(True, "the settings can be read")
    where = "REDIS_URL" if settings.redis_url else str(settings.data.resolve())
    fine = True
    async with session.reached(settings) as url:
        _tell(True, f"messages are kept in {where}")
        async for finding in checkup.look(url):
            _tell(finding.fine, finding.text)
            fine = fine and finding.fine is not False
    async for finding in checkup.look_at_files(settings):
        _tell(finding.fine, finding.text)
        fine = fine and finding.fine is not False
    click.echo("A server would serve." if fine else "A server would not serve like this.")
    return 0 if fine else 1


def _tell(fine: bool | None, text: str) -> None:
    mark = {True: "ok    ", False: "WRONG ", None: "note  "}[fine]
    click.echo(mark + text)


@main.command()
@data_option
@click.option("--use", is_flag=True, help="Let the key that was prepared sign.")
def rotate_key(data: Path | None, use: bool) -> None:
    """Give the server a new key for identities, in two steps that log nobody out.

    The first step makes a key that servers accept from their next start on; with --use it signs from the next start on.
    Restart the workers (SIGHUP) after each, and take each once: --use twice goes back. Three old keys stay accepted.
    """
    with _said():
        settings = _settings(data)
        if settings.secret_key:
            raise SettingsError(
                "QUART_CHAT_SECRET_KEY is set: put a new key behind the one there, with a colon, and restart all "
                "servers; then put it before that one, and restart them again"
            )
        if use:
            keys.use(settings.data)
            click.echo("The new key signs from the next start on: restart the workers (SIGHUP).")
        else:
            keys.prepare(settings.data)
            click.echo("A new key is prepared. Restart the workers (SIGHUP), then run `quart-chat rotate-key --use`.")


@main.command()
@_on_the_store
async def rooms(settings: Settings, archive: Archive) -> None:
    """List the rooms, the one that was written in last first."""
    found = await archive.rooms()
    zone = ZoneInfo(settings.time_zone)
    for one in found:
        when = datetime.fromtimestamp((one.last or one.opened) / 1000, zone).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{when}  {one.messages:>7,}  {one.name}" + (f"  {one.title}" if one.title != one.name else ""))
    click.echo(f"{len(found)} room{'s' * (len(found) != 1)}", err=True)


@main.command()
@click.argument("room")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "text", "html"]),
    default="jsonl",
    help="jsonl can be imported again; text and html are for reading.",
)
@click.option("--language", default="en", help="Of times in text and html; default: en.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; default: standard output.")
@_on_the_store
async def export(
    settings: Settings, archive: Archive, *, room: str, kind: transcripts.Kind, language: str, output: Path | None
) -> None:
    """Write a room's messages into a file."""
    summary = await _find(archive, room)
    charter = await archive.charter(summary.name)
    header = Header(summary.name, summary.title, summary.opened, summary.header, charter)
    form = transcripts.form(kind, header, transcripts.audience_of(language, settings.time_zone))
    if output is None:
        # whatever the locale; the command has nothing else to do
        with open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as stream:  # noqa: ASYNC230
            await _export(archive, summary, form, stream)
        return
    part = output.with_name(output.name + ".part")  # a file of the right name is whole
    try:
        with part.open("w", encoding="utf-8") as stream:
            await _export(archive, summary, form, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(output)
    except OSError as error:
        raise click.FileError(str(output), hint=error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{output}: {summary.title}", err=True)


async def _export(archive: Archive, room: RoomSummary, form: transcripts.Form, stream: IO[str]) -> None:
    stream.write(form.begin)
    with _progress(room.messages, "Exporting") as bar:
        async for messages in archive.messages(room.name):
            stream.write(form.write(messages))
            bar.update(len(messages))
    stream.write(form.end)


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--room", help="Another name for the room than the file's.")
@_on_the_store
async def import_(settings: Settings, archive: Archive, file: Path, room: str | None) -> None:
    """Bring a room back from a file that `export` wrote.

    The whole file is looked at before anything is written. The room must not have messages yet.
    """
    with file.open(encoding="utf-8", errors="strict") as lines:
        try:
            reader = JsonReader(lines)
            header = reader.header()
            messages = list(reader.messages())
        except UnicodeDecodeError as error:
            raise BadLine(f"{file} is not UTF-8: {error}") from error
        except BadLine as error:
            raise BadLine(f"{file}, {error}") from error
    title = clean_title(room) if room else header.title
    name = slug_of(room or header.room)
    if not name:
        raise BadLine(f"{file} names no room: give one with --room")
    most = settings.messages_per_room
    if len(messages) > most:
        click.echo(f"Only the newest {most:,} of {len(messages):,} are kept (QUART_CHAT_MESSAGES_PER_ROOM).", err=True)
    opening, after = Opening(title, header.opened, header.above, header.charter), ""
    with _progress(len(messages), "Importing") as bar:
        for start in range(0, len(messages), SOME) or [0]:
            some = messages[start : start + SOME]
            try:
                after = await archive.restore(name, opening, some, after)
            except InTheWay as error:
                raise InTheWay(
                    f"{error}; nothing of the file's later ones was written. Delete the room first "
                    f"(quart-chat delete {name}), or import with --room and another name"
                ) from error
            bar.update(len(some))
    click.echo(f"{len(messages):,} messages are in /r/{name}", err=True)


@main.command()
@click.argument("room")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_on_the_store
async def delete(settings: Settings, archive: Archive, room: str, yes: bool) -> None:
    """Delete a room with all that it holds. There is no way back but an export."""
    summary = await _find(archive, room)
    if not yes:
        click.confirm(f"Delete {summary.title!r} with its {summary.messages:,} messages?", abort=True)
    await archive.delete(summary.name)
    shelf = Shelf.of(settings)
    try:
        await Leftovers(archive.holdings, shelf).take_all(summary.name)
    finally:
        shelf.close()
    click.echo(f"{summary.title} is deleted", err=True)


async def _find(archive: Archive, room: str) -> RoomSummary:
    """Find a room by its name, its title or its address."""
    name = slug_of(room.rstrip("/").rpartition("/r/")[2] or room)
    found = await archive.room(name) if name else None
    if found is None:
        raise InTheWay(f"there is no room {room!r}; `quart-chat rooms` lists them")
    return found


def _progress(length: int, label: str) -> Any:
    # on a terminal alone, and beside what goes to standard output
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
