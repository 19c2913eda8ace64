/* The crowd: all tabs, on one epoll. Whoever runs it says what happens with what comes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "tab.h"

struct crowd {
    const struct options *options;
    struct tab *tabs;
    int epoll;
    uint64_t now;           /* ns; of the last reading */
    uint32_t opening;       /* handshakes and hellos under way */
    uint32_t joined;
    uint32_t agreed;        /* tabs with permessage-deflate */
    uint64_t wire_bytes;    /* read from sockets */
    uint64_t frames;        /* of text */
    uint64_t payload_bytes; /* of text, as they came: deflated where they are */
    uint64_t pings;
    struct bytes scratch;   /* what is read and not parsed yet, of one tab at a time */
    struct bytes inflated;
    struct tab **dirty;     /* tabs with something to write */
    uint32_t dirty_count;
    void (*on_text)(void *owner, struct tab *tab, const char *text, size_t length);
    void (*on_joined)(void *owner, struct tab *tab);
    void (*on_closed)(void *owner, struct tab *tab);
    void *owner;
};

void crowd_open(struct crowd *crowd, const struct options *options);

/* Handle what happens until `until`, ns, or until something did. */
void crowd_turn(struct crowd *crowd, uint64_t until);

/* What a tab has to tell; it calls these. */
void crowd_text(struct crowd *crowd, struct tab *tab, const char *text, size_t length);
void crowd_joined(struct crowd *crowd, struct tab *tab);
void crowd_closed(struct crowd *crowd, struct tab *tab);
void crowd_dirty(struct crowd *crowd, struct tab *tab);

/* Open all tabs, as many at a time as the options say; ends the process where one is refused. */
void crowd_join(struct crowd *crowd);
