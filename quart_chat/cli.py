"""The command `quart-chat`."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import click

from quart_chat import __version__
from quart_chat.config import Settings
from quart_chat.errors import SettingsError
from quart_chat.server import CannotStart, Plan, options, run


@click.command(
    name="quart-chat",
    epilog="SIGTERM or Ctrl-C ends the server, SIGHUP restarts its workers one by one. "
    "All settings: the environment (REDIS_URL, QUART_CHAT_...) and hypercorn.toml.",
)
@click.option("--bind", multiple=True, metavar="HOST:PORT", help="Where to listen; port 0 takes any. May be repeated.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of messages and key; default: ./data.",
)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Server settings; default: ./hypercorn.toml.",
)
@click.version_option(__version__, prog_name="quart-chat")
@click.pass_obj
def main(
    factory: str | None, bind: tuple[str, ...], workers: int | None, data: Path | None, config: Path | None
) -> None:
    """Run Quart Chat: chat rooms in a browser, from this machine.

    Without REDIS_URL it keeps the messages in a store of its own, in the data folder.
    """
    # factory: click's `obj`; None is the chat. Tests hand in an application of theirs.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a dash must not end the server under an old locale
    try:
        settings = Settings.from_environment()
        plan = Plan(
            settings=replace(settings, data=data) if data else settings,
            config_file=config or options.find_file(Path.cwd()),
            bind=bind,
            workers=workers,
        )
        run(replace(plan, factory=factory) if factory else plan)
    except (SettingsError, CannotStart) as error:
        click.echo(f"quart-chat: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
