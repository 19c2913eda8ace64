#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: load MODE [options]\n"
    "\n"
    "  join    open the tabs, then hold them; joins a second\n"
    "  quiet   one message under way: the next is sent when all tabs have the last one\n"
    "  busy    --window messages under way; one is done when all tabs have it\n"
    "  intake  --window messages of each sender under way; one is done when its sender has it\n"
    "  rate    --rate messages a second, whatever comes back\n"
    "  stall   as rate, while the last --stalled tabs do not read; then they read again, and come back\n"
    "  drink   send nothing, count what comes (for firehose)\n"
    "  http    GET --path over --tabs kept connections\n"
    "\n"
    "  --host 127.0.0.1  --port N  --path /PATH  --header 'Name: value' (many)\n"
    "  --cookies FILE        a Cookie header's value a line; tab n sends line n, and so on from the first\n"
    "  --tabs 1000  --handshakes 32 (at a time)  --joins-per-second 0 (no limit)\n"
    "  --hello TEXT          sent after the handshake\n"
    "  --joined TEXT         a frame that holds it ends the joining; without: the handshake does\n"
    "  --say TEMPLATE        a message, with {marker}, {nonce}, {pad}; default {marker}{pad}\n"
    "  --pad 0               bytes of {pad}\n"
    "  --ack TEXT            in a frame to the sender: its message is kept\n"
    "  --refused TEXT        in a frame: a message was refused, and the run has failed\n"
    "  --senders 1  --window 1  --rate 0\n"
    "  --settle 0.5  --warmup 1  --seconds 5  --messages 0 (no limit)  --hold 0  --silence 30\n"
    "  --stalled 0  --deflate  --gate  --run HEX\n";

static void fail(const char *what, const char *value)
{
    fprintf(stderr, "load: %s%s%s\n", what, value ? ": " : "", value ? value : "");
    exit(2);
}

static const char *const MODES[] = {"join", "quiet", "busy", "intake", "rate", "stall", "drink", "http"};

static enum mode mode_named(const char *name)
{
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
        if (!strcmp(MODES[i], name))
            return (enum mode)i;
    fail("no such mode", name);
    return JOIN;
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end || end == text || value < 0)
        fail("not a number", text);
    return value;
}

static uint32_t whole(const char *text)
{
    double value = number(text);
    if (value > 1e9 || value != (double)(uint32_t)value)
        fail("not a whole number", text);
    return (uint32_t)value;
}

static void read_cookies(struct options *options, const char *file)
{
    FILE *from = fopen(file, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    if (!from)
        fail("cannot read", file);
    while ((length = getline(&line, &room, from)) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (!*line)
            continue;
        options->cookies = realloc(options->cookies, (options->cookie_count + 1) * sizeof *options->cookies);
        options->cookies[options->cookie_count++] = strdup(line);
    }
    free(line);
    fclose(from);
    if (!options->cookie_count)
        fail("no cookie in", file);
}

enum { HOST = 1, PORT, PATH, HEADER, COOKIES, TABS, HANDSHAKES, JOINS, HELLO, JOINED, SAY, PAD, ACK, REFUSED, SENDERS,
       WINDOW, PER_SECOND, SETTLE, WARMUP, LASTS, MESSAGES, HOLD, SILENCE, STALLED, DEFLATE, GATE, RUN, HELP };

#define TAKES(name, value) {name, required_argument, NULL, value}
static const struct option OPTIONS[] = {
    TAKES("host", HOST), TAKES("port", PORT), TAKES("path", PATH), TAKES("header", HEADER), TAKES("cookies", COOKIES),
    TAKES("tabs", TABS), TAKES("handshakes", HANDSHAKES), TAKES("joins-per-second", JOINS), TAKES("hello", HELLO),
    TAKES("joined", JOINED), TAKES("say", SAY), TAKES("pad", PAD), TAKES("ack", ACK), TAKES("refused", REFUSED),
    TAKES("senders", SENDERS), TAKES("window", WINDOW), TAKES("rate", PER_SECOND), TAKES("settle", SETTLE), TAKES("warmup", WARMUP),
    TAKES("seconds", LASTS), TAKES("messages", MESSAGES), TAKES("hold", HOLD), TAKES("silence", SILENCE),
    TAKES("stalled", STALLED), TAKES("run", RUN), {"deflate", no_argument, NULL, DEFLATE},
    {"gate", no_argument, NULL, GATE}, {"help", no_argument, NULL, HELP}, {0},
};

static void take(struct options *options, int name, const char *value)
{
    switch (name) {
    case HOST: options->host = value; break;
    case PORT: options->address.sin_port = htons((uint16_t)whole(value)); break;
    case PATH: options->path = value; break;
    case HEADER:
        bytes_append(&options->headers, value, strlen(value));
        bytes_append(&options->headers, "\r\n", 2);
        break;
    case COOKIES: read_cookies(options, value); break;
    case TABS: options->tabs = whole(value); break;
    case HANDSHAKES: options->handshakes = whole(value); break;
    case JOINS: options->joins_per_second = number(value); break;
    case HELLO: options->hello = value; break;
    case JOINED: options->joined = value; break;
    case SAY: options->say = value; break;
    case PAD: options->pad = whole(value); break;
    case ACK: options->ack = value; break;
    case REFUSED: options->refused = value; break;
    case SENDERS: options->senders = whole(value); break;
    case WINDOW: options->window = whole(value); break;
    case PER_SECOND: options->rate = number(value); break;
    case SETTLE: options->settle = number(value); break;
    case WARMUP: options->warmup = number(value); break;
    case LASTS: options->seconds = number(value); break;
    case MESSAGES: options->messages = whole(value); break;
    case HOLD: options->hold = number(value); break;
    case SILENCE: options->silence = number(value); break;
    case STALLED: options->stalled = whole(value); break;
    case DEFLATE: options->deflate = true; break;
    case GATE: options->gate = true; break;
    case RUN: options->run = (int)(strtoul(value, NULL, 16) & 0xffff); break;
    case HELP: fputs(USAGE, stdout); exit(0);
    default: fputs(USAGE, stderr); exit(2);
    }
}

static void check(struct options *options)
{
    if (inet_pton(AF_INET, options->host, &options->address.sin_addr) != 1)
        fail("--host takes an IPv4 address", options->host);
    if (!options->address.sin_port)
        fail("--port is missing", NULL);
    if (!options->tabs || !options->handshakes || !options->senders || !options->window)
        fail("--tabs, --handshakes, --senders and --window take 1 or more", NULL);
    if (options->tabs > 65535)
        fail("--tabs takes 65535 at most", NULL);
    if (options->stalled >= options->tabs)
        fail("--stalled must leave a tab that reads", NULL);
    if (options->senders > options->tabs - options->stalled)
        fail("--senders cannot be more than the tabs that read", NULL);
    if ((options->mode == RATE || options->mode == STALL) && options->rate <= 0)
        fail("--rate is missing", NULL);
}

void options_read(struct options *options, int count, char **arguments)
{
    *options = (struct options){.address.sin_family = AF_INET, .host = "127.0.0.1", .path = "/", .tabs = 1000,
                                .handshakes = 32, .say = "{marker}{pad}", .senders = 1, .window = 1, .settle = 0.5, .warmup = 1,
                                .seconds = 5, .silence = 30, .run = -1};
    if (count < 2 || !strcmp(arguments[1], "--help") || !strcmp(arguments[1], "-h")) {
        fputs(USAGE, count < 2 ? stderr : stdout);
        exit(count < 2 ? 2 : 0);
    }
    options->mode_name = arguments[1];
    options->mode = mode_named(arguments[1]);
    optind = 2;
    int name;
    while ((name = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1)
        take(options, name, optarg);
    if (optind < count)
        fail("what is this", arguments[optind]);
    if (options->run < 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        options->run = (int)((now.tv_nsec >> 8 ^ now.tv_sec ^ getpid() << 4) & 0xffff);
    }
    check(options);
}
