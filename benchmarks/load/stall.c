#include "stall.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "gate.h"
#include "report.h"
#include "talk.h"

#define READING 15.0 /* seconds that those which read again may take to end */

static struct talk talk;
static uint32_t ended_with_code, ended_with_reset, ended_plainly, again_later;
static struct histogram lived; /* of a stalled tab, from the stop to an end that it saw without reading */

static uint64_t stopped_at;
static bool reading_again;

static void on_closed(void *owner, struct tab *tab)
{
    (void)owner;
    if (!tab->stalled) {
        fprintf(stderr, "load: tab %u, which reads, was closed (code %u%s)\n", tab->number, tab->close_code,
                tab->reset ? ", reset" : "");
        exit(1);
    }
    if (tab->close_code)
        ended_with_code++;
    else if (tab->reset)
        ended_with_reset++;
    else
        ended_plainly++;
    again_later += tab->close_code == 1013;
    if (!reading_again)
        histogram_add(&lived, tab->ended_ns - stopped_at, 1);
}

static uint32_t closed(const struct tab *tabs, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += tabs[i].state == TAB_CLOSED;
    return found;
}

int stall_run(const struct options *options)
{
    talk_open(&talk, options);
    struct crowd *crowd = &talk.crowd;
    struct tab *stalled = crowd->tabs + (options->tabs - options->stalled);
    uint32_t count = options->stalled;
    crowd->on_closed = on_closed;
    for (uint32_t i = 0; i < count; i++)
        stalled[i].stalled = true;
    if (options->warmup > 0)
        talk_open_loop(&talk, options->warmup, true);
    gate(options->gate, "start");
    talk_clear(&talk);
    for (uint32_t i = 0; i < count; i++)
        tab_reads(&stalled[i], false);
    uint64_t cpu = cpu_ns(), began = now_ns();
    stopped_at = began;
    talk_open_loop(&talk, options->seconds, true);
    uint64_t ended = now_ns();
    cpu = cpu_ns() - cpu;
    gate(options->gate, "end");

    uint32_t ended_unread = closed(stalled, count);
    reading_again = true;
    for (uint32_t i = 0; i < count; i++)
        if (stalled[i].state != TAB_CLOSED)
            tab_reads(&stalled[i], true);
    uint64_t until = now_ns() + (uint64_t)(READING * 1e9);
    while (closed(stalled, count) < count && now_ns() < until)
        crowd_turn(crowd, until);
    uint32_t ended_in_all = closed(stalled, count);

    uint32_t before = crowd->joined;
    for (uint32_t i = 0; i < count; i++) {
        if (stalled[i].state == TAB_CLOSED) {
            crowd->opening++;
            tab_open(&stalled[i], options, false);
        }
    }
    until = now_ns() + (uint64_t)(READING * 1e9);
    while (crowd->joined - before < ended_in_all && now_ns() < until)
        crowd_turn(crowd, until);
    uint32_t back = crowd->joined - before;

    report_begin();
    int status = talk_report(&talk, began, ended, cpu);
    report_count("stalled", count);
    report_count("ended_while_unread", ended_unread);
    report_count("ended", ended_in_all);
    report_count("ended_with_close_code", ended_with_code);
    report_count("ended_with_1013", again_later);
    report_count("ended_with_reset", ended_with_reset);
    report_count("ended_without_either", ended_plainly);
    report_count("came_back", back);
    report_latency("ended_unread_ns", &lived);
    report_end();
    return status || back < ended_in_all;
}
