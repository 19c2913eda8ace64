"""Chromium takes 3,000 messages at 500 a second: its longest task, what it shows, and whether one can still type."""

from __future__ import annotations

import shutil
import threading
import time
from typing import Any

from benchmarks import client
from benchmarks.choice import Choice
from benchmarks.client import LoadFailed
from benchmarks.measure import Sample
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.quart_chat import ROOM, QuartChat

MESSAGES = 3000
RATE = 500  # messages a second
NAMES = ("chromium", "chromium-browser", "google-chrome")
WORDS = "still typing"

WATCH = """
globalThis.bench = {tasks: [], rows: 0};
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) bench.tasks.push(task.duration);
}).observe({type: 'longtask', buffered: true});
addEventListener('DOMContentLoaded', () => {
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) {
        if (node.nodeType === 1 && node.matches('li.message')) bench.rows += 1;
      }
    }
  }).observe(document.querySelector('#log'), {childList: true});
});
"""


def run(choice: Choice, say: Say) -> Result:
    """Measure one page in Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        say("  left out: no Chromium found")
        return Result("browser", notes=["left out: no Chromium found"])
    return run_rounds("browser", [Variant("chromium", lambda _: _once(path))], choice, say, most=3)


def _once(path: str) -> Sample:
    from playwright.sync_api import sync_playwright  # slow to import, and only wanted here

    with QuartChat() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page()
            page.add_init_script(WATCH)
            page.goto(f"{server.origin}/r/{ROOM}")
            page.wait_for_selector("#connection.live", state="attached")
            page.evaluate("bench.tasks.length = 0")  # loading the page is not what is measured
            return _flood(server, page, browser.version)
        finally:
            browser.close()


def _flood(server: QuartChat, page: Any, version: str) -> Sample:
    failed: list[LoadFailed] = []

    def talk() -> None:
        arguments = [*server.tabs(), *server.talk(None), "--tabs", "1", "--rate", str(RATE), "--warmup", "0"]
        try:
            client.run("rate", [*arguments, "--seconds", str(MESSAGES / RATE)])
        except LoadFailed as error:
            failed.append(error)

    talking = threading.Thread(target=talk)
    talking.start()
    time.sleep(MESSAGES / RATE / 2)  # in the midst of it
    began = time.monotonic()
    field = page.locator(".turn:last-child .field")
    field.press_sequentially(WORDS)
    typed = time.monotonic() - began
    kept = field.input_value() == WORDS
    talking.join()
    if failed:
        raise failed[0]
    if not kept:
        raise LoadFailed("what was typed into the field was not there afterwards")
    deadline = time.monotonic() + 10
    while page.evaluate("bench.rows") < MESSAGES and time.monotonic() < deadline:
        time.sleep(0.1)
    tasks = page.evaluate("bench.tasks")
    return {
        "longest_task_ms": max(tasks, default=0.0),
        "long_tasks": len(tasks),
        "messages_shown": page.evaluate("bench.rows"),
        "rows_kept": page.evaluate("document.querySelectorAll('#log > li.message').length"),
        "typing_ms_per_key": typed * 1000 / len(WORDS),
        "chromium": version,
    }
