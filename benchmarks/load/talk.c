#define _GNU_SOURCE
#include "talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gate.h"
#include "report.h"

/* What follows the marker: words, for compression to have something true to work on. */
static const char WORDS[] =
    "the ferry leaves at nine and somebody has to bring the keys, so tell me early whether you come along; "
    "we could also meet by the old mill where the path bends, look at the drawings once more and decide then "
    "what goes to the printer this week. Ana says the second room is free until noon, with bread and coffee. ";

static void append_pad(struct bytes *to, uint32_t length, uint32_t turn)
{
    size_t at = (size_t)turn * 61 % (sizeof WORDS - 1);
    while (length) {
        size_t part = sizeof WORDS - 1 - at;
        if (part > length)
            part = length;
        bytes_append(to, WORDS + at, part);
        length -= (uint32_t)part;
        at = 0;
    }
}

/* Write a message by the options' template. */
static void fill(struct talk *talk, const struct marker *marker)
{
    const struct options *options = talk->options;
    char part[64];
    talk->text.length = 0;
    for (const char *at = options->say; *at;) {
        if (!strncmp(at, "{marker}", 8)) {
            marker_write(part, marker);
            bytes_append(&talk->text, part, MARKER_BYTES);
            at += 8;
        } else if (!strncmp(at, "{nonce}", 7)) {
            int length = snprintf(part, sizeof part, "%04x-%04x-%08" PRIx32, marker->run, marker->sender,
                                  marker->sequence);
            bytes_append(&talk->text, part, (size_t)length);
            at += 7;
        } else if (!strncmp(at, "{pad}", 5)) {
            append_pad(&talk->text, options->pad, marker->sequence);
            at += 5;
        } else {
            bytes_append(&talk->text, at++, 1);
        }
    }
}

void talk_say(struct talk *talk, uint32_t sender, uint64_t at)
{
    struct marker marker = {(uint16_t)talk->options->run, (uint16_t)sender, talk->sequences[sender]++, at};
    ledger_sent(&talk->ledger, sender, marker.sequence);
    fill(talk, &marker);
    tab_say(&talk->crowd.tabs[sender], talk->text.at, talk->text.length);
    talk->sent++;
    if (talk->sent - talk->done > talk->on_way_most)
        talk->on_way_most = talk->sent - talk->done;
}

static void say_next(struct talk *talk, uint32_t sender)
{
    if (talk->sending && talk->left) {
        talk->left--;
        talk_say(talk, sender, now_ns());
    }
}

static void is_done(struct talk *talk, const struct marker *marker)
{
    const struct options *options = talk->options;
    talk->done++;
    histogram_add(&talk->finished, talk->crowd.now - marker->sent_ns, 1);
    if (options->mode == RATE || options->mode == STALL)
        return;
    if (options->mode != INTAKE) {
        say_next(talk, talk->next_sender);
        talk->next_sender = (talk->next_sender + 1) % options->senders;
    } else {
        say_next(talk, marker->sender);
    }
}

static uint64_t occurrences(const char *text, size_t length, const char *wanted)
{
    uint64_t count = 0;
    size_t size = strlen(wanted);
    const char *end = text + length, *at = text;
    while ((at = memmem(at, (size_t)(end - at), wanted, size))) {
        count++;
        at += size;
    }
    return count;
}

static void on_text(void *owner, struct tab *tab, const char *text, size_t length)
{
    struct talk *talk = owner;
    const struct options *options = talk->options;
    const char *at = text, *end = text + length;
    struct marker marker;
    if (tab->number < options->senders) {
        if (options->ack)
            talk->acks += occurrences(text, length, options->ack);
        if (options->refused && memmem(text, length, options->refused, strlen(options->refused))) {
            fprintf(stderr, "load: a message was refused: %.*s\n", (int)(length < 600 ? length : 600), text);
            exit(1);
        }
    }
    if (tab->stalled)
        return;
    while ((at = marker_find(at, end, &marker))) {
        if (marker.run != options->run || marker.sender >= options->senders)
            continue; /* of another run, in what the room kept */
        talk->deliveries++;
        talk->moved = talk->crowd.now;
        histogram_add(&talk->reached, talk->crowd.now - marker.sent_ns, 1);
        uint32_t got = ledger_took(&talk->ledger, tab->number, &marker);
        if (options->mode == INTAKE ? tab->number == marker.sender : got == talk->readers)
            is_done(talk, &marker);
    }
}

static void check_progress(const struct talk *talk)
{
    if (talk->crowd.now < talk->moved || /* the clock was read before the last message was sent */
        (double)(talk->crowd.now - talk->moved) < talk->options->silence * 1e9)
        return;
    fprintf(stderr,
            "load: nothing came for %g s; sent %" PRIu64 ", done %" PRIu64 ", deliveries %" PRIu64 ", wrong %" PRIu64
            "\n",
            talk->options->silence, talk->sent, talk->done, talk->deliveries, ledger_wrong(&talk->ledger));
    exit(1);
}

static void drain(struct talk *talk)
{
    talk->moved = now_ns();
    while (talk->done < talk->sent) {
        crowd_turn(&talk->crowd, talk->crowd.now + SECONDS);
        check_progress(talk);
    }
}

void talk_closed_loop(struct talk *talk, double seconds, uint64_t messages)
{
    const struct options *options = talk->options;
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    uint32_t first = options->mode == INTAKE ? options->window * options->senders : options->window;
    talk->left = messages ? messages : UINT64_MAX;
    talk->sending = true;
    talk->moved = now_ns();
    for (uint32_t i = 0; i < first; i++) {
        say_next(talk, talk->next_sender);
        talk->next_sender = (talk->next_sender + 1) % options->senders;
    }
    while (now_ns() < end && (talk->left || talk->done < talk->sent)) {
        crowd_turn(&talk->crowd, end);
        check_progress(talk);
    }
    talk->sending = false;
    drain(talk);
}

void talk_open_loop(struct talk *talk, double seconds, bool wait)
{
    const struct options *options = talk->options;
    uint64_t began = now_ns(), sent = 0;
    uint64_t wanted = (uint64_t)(seconds * options->rate);
    talk->moved = began;
    while (sent < wanted) {
        uint64_t due = began + (uint64_t)((double)sent / options->rate * 1e9);
        if (due > now_ns()) {
            crowd_turn(&talk->crowd, due);
            check_progress(talk);
            continue;
        }
        talk_say(talk, talk->next_sender, due); /* what was held up counts from when it was due */
        talk->next_sender = (talk->next_sender + 1) % options->senders;
        sent++;
    }
    if (wait)
        drain(talk);
}

void talk_clear(struct talk *talk)
{
    struct crowd *crowd = &talk->crowd;
    crowd->wire_bytes = crowd->frames = crowd->payload_bytes = crowd->pings = 0;
    talk->deliveries = talk->acks = talk->on_way_most = 0;
    talk->sent -= talk->done;
    talk->done = 0;
    histogram_clear(&talk->reached);
    histogram_clear(&talk->finished);
}

/* Wait without sending; what comes is counted. */
static void listen_for(struct talk *talk, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    while (now_ns() < end)
        crowd_turn(&talk->crowd, end);
}

void talk_open(struct talk *talk, const struct options *options)
{
    memset(talk, 0, sizeof *talk);
    talk->options = options;
    talk->readers = options->tabs - options->stalled;
    talk->sequences = calloc(options->senders, sizeof *talk->sequences);
    ledger_open(&talk->ledger, options->tabs, options->senders);
    crowd_open(&talk->crowd, options);
    talk->crowd.on_text = on_text; /* before: a firehose begins while the last tabs still enter */
    talk->crowd.owner = talk;
    crowd_join(&talk->crowd);
    if (options->mode != DRINK)
        listen_for(talk, options->settle); /* a peer answers the handshake before the tab is in its room */
}

static void phase(struct talk *talk, double seconds, uint64_t messages)
{
    switch (talk->options->mode) {
    case RATE:
        talk_open_loop(talk, seconds, true);
        break;
    case DRINK:
        listen_for(talk, seconds);
        break;
    default:
        talk_closed_loop(talk, seconds, messages);
    }
}

int talk_run(const struct options *options)
{
    static struct talk talk;
    talk_open(&talk, options);
    if (options->warmup > 0)
        phase(&talk, options->warmup, 0);
    gate(options->gate, "start");
    talk_clear(&talk);
    uint64_t cpu = cpu_ns(), began = now_ns();
    phase(&talk, options->seconds, options->messages);
    uint64_t ended = now_ns();
    cpu = cpu_ns() - cpu;
    gate(options->gate, "end");
    report_begin();
    int status = talk_report(&talk, began, ended, cpu);
    report_end();
    return status;
}

int talk_report(struct talk *talk, uint64_t began, uint64_t ended, uint64_t cpu)
{
    const struct options *options = talk->options;
    const struct crowd *crowd = &talk->crowd;
    double seconds = (double)(ended - began) / 1e9;
    double each = talk->deliveries ? 1.0 / (double)talk->deliveries : 0.0;
    report_text("mode", options->mode_name);
    report_count("tabs", options->tabs);
    report_count("senders", options->senders);
    report_count("window", options->window);
    report_count("deflating_tabs", crowd->agreed);
    report_number("seconds", seconds);
    report_count("messages", talk->done);
    report_count("acknowledged", talk->acks);
    report_count("deliveries", talk->deliveries);
    report_number("messages_per_second", (double)talk->done / seconds);
    report_number("deliveries_per_second", (double)talk->deliveries / seconds);
    report_count("frames", crowd->frames);
    report_count("payload_bytes", crowd->payload_bytes);
    report_count("wire_bytes", crowd->wire_bytes);
    report_number("payload_bytes_per_delivery", (double)crowd->payload_bytes * each);
    report_number("wire_bytes_per_delivery", (double)crowd->wire_bytes * each);
    report_number("deliveries_per_frame", crowd->frames ? (double)talk->deliveries / (double)crowd->frames : 0.0);
    report_count("most_under_way", talk->on_way_most);
    report_latency("delivery_ns", &talk->reached);
    report_latency("message_ns", &talk->finished);
    report_number("client_cpu_seconds", (double)cpu / 1e9);
    report_count("lost", talk->ledger.lost);
    report_count("repeated", talk->ledger.repeated);
    report_count("out_of_order", talk->ledger.out_of_order);
    report_count("order_unchecked", talk->ledger.unchecked);
    return ledger_wrong(&talk->ledger) ? 1 : 0;
}
