/* One tab: a connection from its opening to its end. It knows websockets, and nothing of messages. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "options.h"

enum tab_state {
    TAB_NONE,     /* not opened yet */
    TAB_OPENING,  /* the connection or the handshake is under way */
    TAB_ENTERING, /* the hello is sent, its answer has not come */
    TAB_IN,
    TAB_CLOSED,
};

struct crowd;

struct tab {
    struct crowd *crowd;
    uint32_t number;
    int socket;
    enum tab_state state;
    bool deflates;      /* the server agreed to permessage-deflate */
    bool stalled;       /* it does not read, or did not: its messages do not count */
    bool reads;         /* epoll tells when something came */
    bool wants_out;     /* epoll tells when it can be written to */
    bool dirty;         /* something waits in `out` */
    bool answered;      /* the handshake's answer has come */
    bool compressed;    /* of the message in `message` */
    bool reset;         /* it ended by a reset */
    uint16_t close_code; /* of the server's close frame; 0: none came */
    uint64_t ended_ns;
    struct bytes in;      /* the beginning of a frame or answer that is not whole yet */
    struct bytes message; /* frames of a message that is not whole yet */
    struct bytes out;     /* what the kernel has not taken yet */
};

/* Begin to connect. small: take as few bytes as the kernel allows before they are read. */
void tab_open(struct tab *tab, const struct options *options, bool small);

/* Send a text; it goes out at the end of the turn. */
void tab_say(struct tab *tab, const char *text, size_t length);

/* Write what waits. */
void tab_flush(struct tab *tab);

/* Read what came, once, and hand whole messages to the crowd. */
void tab_read(struct tab *tab, const struct options *options);

/* Begin to read, or stop. */
void tab_reads(struct tab *tab, bool reads);

/* End it from this side, at once. */
void tab_drop(struct tab *tab);
