/* Markers: what each message carries in its text, `~RUN:SENDER:SEQUENCE:SENT~`, in hexadecimal digits of fixed
 * number. HTML escaping and JSON leave these characters alone, and the length is the same for every message. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MARKER_BYTES 37 /* ~ 4 : 4 : 8 : 16 ~ */

struct marker {
    uint16_t run;      /* of the client's process: what older runs left in a room is told apart */
    uint16_t sender;   /* number of the tab that sent it */
    uint32_t sequence; /* 0, 1, 2, … for each sender */
    uint64_t sent_ns;  /* CLOCK_MONOTONIC */
};

/* Write MARKER_BYTES, without an end. */
void marker_write(char *to, const struct marker *marker);

/* Find the next marker; gives the place after it, or NULL where there is none. */
const char *marker_find(const char *from, const char *end, struct marker *found);
