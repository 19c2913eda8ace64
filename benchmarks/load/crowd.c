#define _GNU_SOURCE
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

#define EVENTS 256
#define PATIENCE (30 * SECONDS) /* until a joining that stands still has failed */

static int timer = -1;

void crowd_open(struct crowd *crowd, const struct options *options)
{
    *crowd = (struct crowd){.options = options, .epoll = epoll_create1(EPOLL_CLOEXEC), .now = now_ns()};
    crowd->tabs = calloc(options->tabs, sizeof *crowd->tabs);
    crowd->dirty = calloc(options->tabs, sizeof(struct tab *));
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); /* epoll's own time-out counts whole ms */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (!crowd->tabs || !crowd->dirty || crowd->epoll < 0 || timer < 0 ||
        epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, timer, &event)) {
        perror("load: cannot begin");
        exit(2);
    }
    for (uint32_t i = 0; i < options->tabs; i++)
        crowd->tabs[i] = (struct tab){.crowd = crowd, .number = i, .socket = -1};
}

static void set_timer(uint64_t until)
{
    static uint64_t set = 0;
    if (until == set)
        return;
    struct itimerspec when = {.it_value = {(time_t)(until / SECONDS), (long)(until % SECONDS)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
    set = until;
}

static void flush(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->dirty_count; i++)
        tab_flush(crowd->dirty[i]);
    crowd->dirty_count = 0;
}

static void happened(struct crowd *crowd, const struct epoll_event *event)
{
    struct tab *tab = event->data.ptr;
    if (!tab) {
        uint64_t times;
        if (read(timer, &times, sizeof times) < 0)
            return;
    } else if (tab->state != TAB_CLOSED) {
        if (event->events & EPOLLOUT)
            tab_flush(tab);
        if (tab->state != TAB_CLOSED && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            tab_read(tab, crowd->options);
    }
}

void crowd_turn(struct crowd *crowd, uint64_t until)
{
    struct epoll_event events[EVENTS];
    flush(crowd);
    set_timer(until);
    int count = epoll_wait(crowd->epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        happened(crowd, &events[i]);
        flush(crowd);
    }
    crowd->now = now_ns();
}

void crowd_dirty(struct crowd *crowd, struct tab *tab)
{
    if (!tab->dirty) {
        tab->dirty = true;
        crowd->dirty[crowd->dirty_count++] = tab;
    }
}

void crowd_joined(struct crowd *crowd, struct tab *tab)
{
    tab->state = TAB_IN;
    crowd->joined++;
    crowd->opening--;
    if (crowd->on_joined)
        crowd->on_joined(crowd->owner, tab);
}

void crowd_text(struct crowd *crowd, struct tab *tab, const char *text, size_t length)
{
    if (tab->state == TAB_ENTERING) {
        const char *joined = crowd->options->joined;
        if (joined && memmem(text, length, joined, strlen(joined)))
            crowd_joined(crowd, tab);
        return;
    }
    if (crowd->on_text)
        crowd->on_text(crowd->owner, tab, text, length);
}

void crowd_closed(struct crowd *crowd, struct tab *tab)
{
    if (crowd->on_closed) {
        crowd->on_closed(crowd->owner, tab);
        return;
    }
    fprintf(stderr, "load: tab %u was closed (code %u%s)\n", tab->number, tab->close_code, tab->reset ? ", reset" : "");
    exit(1);
}

void crowd_join(struct crowd *crowd)
{
    const struct options *options = crowd->options;
    uint64_t began = now_ns(), moved = began;
    uint32_t opened = 0, before = 0;
    while (crowd->joined < options->tabs) {
        uint64_t until = crowd->now + SECONDS;
        while (opened < options->tabs && crowd->opening < options->handshakes) {
            uint64_t due = began;
            if (options->joins_per_second > 0)
                due += (uint64_t)((double)opened / options->joins_per_second * 1e9);
            if (due > now_ns()) {
                until = due;
                break;
            }
            crowd->opening++;
            tab_open(&crowd->tabs[opened], options, opened >= options->tabs - options->stalled);
            opened++;
        }
        crowd_turn(crowd, until);
        if (crowd->joined > before) {
            before = crowd->joined;
            moved = crowd->now;
        } else if (crowd->now - moved > PATIENCE) {
            fprintf(stderr, "load: %u of %u tabs have joined, and no more do\n", crowd->joined, options->tabs);
            exit(2);
        }
    }
}
