"""What the people of the demo say, and where. Every room says in its topic that it is one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tour.drawing import leaf
from tour.person import Person
from tour.server import Server

CLASS, PROJECT, FAMILY, READERS = "biology-class-7b", "heron", "familia-souza", "ndy-lqrh"
TRIP, NEW = "field-trip", "garden-club"
DEMO = "A demo: everybody here is scripted"
DEMO_PT, DEMO_AR = "Demonstração: todos aqui são de um roteiro", "عرض تجريبي: كل من هنا شخصيات مكتوبة"
PHRASE = "a leaf that never falls"
MINUTES = 24 * 60

# who, how many minutes ago, what: brought in by `quart-chat import`, for nobody can have spoken yesterday otherwise
EARLIER = (
    ("Ana", MINUTES + 52, "Tomorrow we look at *leaves*. Bring one, whatever you find on the way."),
    ("Chloé", MINUTES + 49, "Une feuille morte aussi ?"),
    ("Ana", MINUTES + 48, "Oui, surtout ! The dead ones tell most."),
    ("Noor", MINUTES + 31, "هل يمكن أن تكون من حديقة بيتنا؟"),
    ("Ana", MINUTES + 30, "نعم، طبعًا 🌿"),
    ("Davi", 47, "Mine is yellow, and it looks like a fan. What is it?"),
    ("Ana", 45, "Show us! With the name of the street, so that we can put it on the map."),
)
AREA = """It fits. As a program, for whoever likes that more:
```python
def area(width: float, height: float) -> float:
    \"\"\"A leaf is about two thirds of its box, in cm².\"\"\"
    return width * height * 2 / 3
```"""
POLL = "**When do we press the leaves?**\n🍎 Tuesday\n🍊 Thursday\n🍇 Saturday"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is there. people: by their names. moments: ids of messages that pictures are taken of, by a word for each."""

    people: dict[str, Person]
    moments: dict[str, str]

    def __getitem__(self, name: str) -> Person:
        return self.people[name]


@asynccontextmanager
async def cast(server: Server) -> AsyncIterator[Cast]:
    """Let them come, talk, and stay until this ends."""
    wanted = {"Ana": "en", "Bento": "en", "Chloé": "fr", "Davi": "pt-BR", "Noor": "ar", "Yusuf": "ar", "Mira": "en"}
    async with AsyncExitStack() as stack:
        people: dict[str, Person] = {}
        for name, tag in wanted.items():
            people[name] = await stack.enter_async_context(await _unlike(people.values(), server.url, name, tag))
        everybody = Cast(people, {})
        await people["Ana"].post("/me/phrase", phrase=PHRASE)
        await _family(everybody)
        await _readers(everybody)
        await _project(everybody)
        await _class(server, everybody)
        yield everybody


async def _unlike(others: Iterable[Person], url: str, name: str, tag: str) -> Person:
    """Make somebody whose colour is unlike the others': it comes of a number that the server draws."""
    taken = {other.hue for other in others}
    while True:
        somebody = Person(url, name, tag)
        await somebody.come(CLASS)
        if somebody.hue not in taken:
            return somebody
        await somebody.go()


async def _class(server: Server, all_: Cast) -> None:
    """A class: text of every kind, a file, and what people do with messages."""
    ana, bento, chloe, davi, noor = (all_[name] for name in ("Ana", "Bento", "Chloé", "Davi", "Noor"))
    publics = {one.name: one.public for one in (ana, bento, chloe, davi, noor)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "class.jsonl"
        file.write_text(_earlier(publics, datetime.now(UTC)), encoding="utf-8")
        await server.bring(file)
    for one in (ana, bento, chloe, davi, noor):
        await one.enter(CLASS)
    first = (await ana.api(CLASS, "/messages?limit=100"))["messages"][0]["id"]
    await ana.post(f"/r/{CLASS}/m/{first}/pin")
    await ana.say(CLASS, "@Bento, how large is your leaf? Width × height × `2/3` is close enough.")
    all_.moments["edited"] = measured = await bento.say(CLASS, "42 cm²")
    await bento.post(f"/r/{CLASS}/m/{measured}/edit", text="24 cm², I had the ruler the wrong way round")
    await davi.say(CLASS, AREA)
    picture = await davi.send_file(CLASS, "My leaf, from Rua das Flores:", "leaf.jpg", leaf())
    guess = await chloe.say(CLASS, "C’est un ginkgo ! Regarde les nervures.", picture)
    old = await noor.say(CLASS, "شجرة الجنكو أقدم من الديناصورات!")
    await bento.say(
        CLASS, "> older than the dinosaurs\nBy 50 million years, says my book. ||It grew in Greenland, too.||"
    )
    all_.moments["poll"] = poll = await ana.say(CLASS, POLL)
    for one, message, emoji in (
        (bento, picture, ":maple_leaf:"), (ana, picture, ":heart:"), (noor, picture, ":heart:"), (ana, guess, ":clap:"),
        (davi, old, ":sauropod:"), (ana, old, ":sauropod:"), (chloe, old, ":sauropod:"),
        (bento, poll, "🍊"), (chloe, poll, "🍊"), (noor, poll, "🍊"), (davi, poll, "🍇"), (ana, poll, "🍎"),
    ):  # fmt: skip
        await one.react(CLASS, message, emoji)


def _earlier(publics: dict[str, str], now: datetime) -> str:
    """Write down what was said before, as `quart-chat export` does."""

    def at(minutes: int) -> str:
        return (now - timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    topic = f"{DEMO} · leaves until Friday"
    owner = {f"{publics['Ana']} role": "owner", f"{publics['Ana']} name": "Ana"}
    begin = {"quart_chat": 1, "room": CLASS, "title": "Biology, class 7b", "opened": at(MINUTES + 60), "topic": topic}
    lines: list[dict[str, object]] = [{**begin, "rules": owner}]
    lines += [
        {"time": at(minutes), "author": publics[who], "name": who, "text": text} for who, minutes, text in EARLIER
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


async def _project(all_: Cast) -> None:
    """An open-source project's room, with a bot and a hook."""
    mira, bento, ana = all_["Mira"], all_["Bento"], all_["Ana"]
    await mira.post("/rooms", title="Heron")
    await mira.post(f"/r/{PROJECT}/topic", topic=f"{DEMO} · Heron, a small parser for large logs")
    await mira.post(f"/r/{PROJECT}/order", writers="everyone", slow="0", keep="0", files="1", listed="1")
    token = await mira.secret(f"/r/{PROJECT}/bots", name="Changes", rights="write")
    hook = await mira.secret(f"/r/{PROJECT}/hooks", do="in", name="Builds")
    for one in (mira, bento, ana):
        await one.enter(PROJECT)
    asked = await bento.say(PROJECT, "`heron --since 1h` reads the whole file here. Known?")
    await mira.say(PROJECT, "Not yet! Which format? With `--trace` it says where it starts.", asked)
    await bento.say(PROJECT, "```console\n$ heron --trace --since 1h app.log\nseek: no index, reading from byte 0\n```")
    async with httpx.AsyncClient(base_url=mira.url, trust_env=False, timeout=30) as program:
        bearer = {"Authorization": f"Bearer {token}"}
        words = {"text": "Mira opened **pull 212**: seek by halves where there is no index"}
        (await program.post(f"/api/rooms/{PROJECT}/messages", json=words, headers=bearer)).raise_for_status()
        built = {"text": "Build 1,408 of `seek-by-halves` is green: 212 tests in 9 s"}
        (await program.post(hook, json=built)).raise_for_status()
    await bento.leave(PROJECT)
    done = await mira.say(PROJECT, "It reads 40 kB of your 9 GB now. Can you try that branch, @Bento?", asked)
    await ana.react(PROJECT, done, ":rocket:", ":eyes:")


async def _family(all_: Cast) -> None:
    """A family's room: private, with a passphrase."""
    davi, bento, ana = all_["Davi"], all_["Bento"], all_["Ana"]
    await davi.post("/rooms", title="Família Souza")
    await davi.post(f"/r/{FAMILY}/topic", topic=DEMO_PT)
    await davi.post(f"/r/{FAMILY}/order", writers="everyone", slow="0", keep="720", files="1", closed="1")
    await davi.post(f"/r/{FAMILY}/phrase", phrase="bolo de fubá")
    for one in (ana, bento):
        await one.post(f"/r/{FAMILY}/enter", phrase="bolo de fubá")
    for one in (davi, ana, bento):
        await one.enter(FAMILY)
    await ana.say(FAMILY, "Quem leva a sobremesa no domingo?")
    await davi.say(FAMILY, "Eu! Bolo de fubá :tada:")
    await bento.say(FAMILY, "Oba!")
    await bento.leave(FAMILY)
    await ana.say(FAMILY, "@Bento, você traz a vó?")


async def _readers(all_: Cast) -> None:
    """A reading club, in Arabic."""
    noor, yusuf, ana = all_["Noor"], all_["Yusuf"], all_["Ana"]
    await noor.post("/rooms", title="نادي القراءة")
    room = READERS
    await noor.post(f"/r/{room}/topic", topic=f"{DEMO_AR} · كتاب الشهر")
    rules = {"writers": "everyone", "slow": "0", "keep": "0", "files": "1", "listed": "1", "language": "ar"}
    await noor.post(f"/r/{room}/order", **rules)
    for one in (noor, yusuf, ana):
        await one.enter(room)
    book = await noor.say(room, "كتاب هذا الشهر: **كليلة ودمنة**. من قرأ الفصل الأول؟")
    await yusuf.say(room, "أنا! أعجبتني حكاية *الأسد والثور* كثيرًا.", book)
    await ana.say(room, "Is there an English translation that you like?")
    told = await yusuf.say(room, "نعم، ترجمة Thackston جيدة جدًا (2019).")
    await noor.react(room, told, ":books:")
    await ana.react(room, told, ":pray:", ":books:")
    await noor.say(room, "> الفصل الثاني\nنلتقي يوم الخميس الساعة ٨ مساءً، والرابط هو نفسه. @Yusuf هل تقرأ لنا؟")
    last = await yusuf.say(room, "بكل سرور 📖")
    await noor.react(room, last, ":heart:")
