#include "join.h"

#include <stdio.h>

#include "clock.h"
#include "crowd.h"
#include "gate.h"
#include "histogram.h"
#include "report.h"

static uint32_t lost = 0;

static void on_closed(void *owner, struct tab *tab)
{
    (void)owner;
    if (!lost++)
        fprintf(stderr, "load: tab %u was closed (code %u%s)\n", tab->number, tab->close_code,
                tab->reset ? ", reset" : "");
}

int join_run(const struct options *options)
{
    static struct crowd crowd;
    crowd_open(&crowd, options);
    gate(options->gate, "start");
    uint64_t cpu = cpu_ns(), began = now_ns();
    crowd_join(&crowd);
    uint64_t ended = now_ns();
    cpu = cpu_ns() - cpu;
    gate(options->gate, "end");
    uint64_t until = now_ns() + (uint64_t)(options->hold * 1e9);
    crowd.on_closed = on_closed;
    crowd.wire_bytes = 0;
    while (now_ns() < until)
        crowd_turn(&crowd, until);
    gate(options->gate && options->hold > 0, "held");
    double seconds = (double)(ended - began) / 1e9;
    report_begin();
    report_text("mode", "join");
    report_count("tabs", options->tabs);
    report_count("handshakes", options->handshakes);
    report_count("deflating_tabs", crowd.agreed);
    report_number("seconds", seconds);
    report_count("joins", options->tabs);
    report_number("joins_per_second", (double)options->tabs / seconds);
    report_number("client_cpu_seconds", (double)cpu / 1e9);
    report_number("held_seconds", options->hold);
    report_count("held_tabs", options->tabs - lost);
    report_count("held_wire_bytes", crowd.wire_bytes);
    report_count("pings", crowd.pings);
    report_end();
    return lost ? 1 : 0;
}
