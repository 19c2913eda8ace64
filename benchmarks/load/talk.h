/* Talk: sends messages on some tabs, and follows each to all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "crowd.h"
#include "histogram.h"
#include "ledger.h"

struct talk {
    const struct options *options;
    struct crowd crowd;
    struct ledger ledger;
    uint32_t readers;        /* tabs whose getting a message counts */
    uint32_t *sequences;     /* sender: of its next message */
    uint32_t next_sender;
    struct bytes text;       /* the message that is being written */
    bool sending;            /* a message that is done makes room for another */
    uint64_t left;           /* messages that may still be sent */
    uint64_t moved;          /* ns; when something came last */
    uint64_t sent, done;     /* since the beginning; done: all readers have it, or (intake) its sender */
    uint64_t acks;           /* in frames to the senders */
    uint64_t deliveries;     /* a message to a tab */
    uint64_t on_way_most;    /* rate: the most messages that were under way */
    struct histogram reached;  /* from sending to each tab */
    struct histogram finished; /* from sending to the last tab, or back to the sender */
};

/* Open all tabs. */
void talk_open(struct talk *talk, const struct options *options);

/* Send the next message of a sender; at: ns, when it was due. */
void talk_say(struct talk *talk, uint32_t sender, uint64_t at);

/* Keep the window full for some seconds or messages (0: no limit), then wait until all is done. */
void talk_closed_loop(struct talk *talk, double seconds, uint64_t messages);

/* Send at the options' rate for some seconds; wait: until all is done. */
void talk_open_loop(struct talk *talk, double seconds, bool wait);

/* Count anew from here. */
void talk_clear(struct talk *talk);

/* Run quiet, busy, intake, rate or drink; gives the exit status. */
int talk_run(const struct options *options);

/* Report what was counted in these seconds; gives the exit status. */
int talk_report(struct talk *talk, uint64_t began, uint64_t ended, uint64_t cpu);
