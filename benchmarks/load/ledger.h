/* The ledger: which tab has got which message. It checks, for each tab, that every sender's messages come
 * without a gap, a double or a turn; and that all tabs see all messages in one and the same order. No I/O. */
#pragma once

#include <stdint.h>

#include "marker.h"

#define LEDGER_SLOTS 65536u    /* messages of a sender that may be under way */
#define LEDGER_POSITIONS 262144u /* messages that one tab may be ahead of another with the order still checked */

struct place {
    uint64_t position;
    uint64_t hash;
};

struct ledger {
    uint32_t tabs;
    uint32_t senders;
    uint32_t *expected; /* tab × sender: the next sequence */
    uint64_t *hashes;   /* tab: of all that it has got, in its order */
    uint64_t *counts;   /* tab: how many that are */
    struct place *order;
    uint32_t *got;          /* sender × slot: tabs that have the message */
    uint64_t lost;          /* messages that were jumped over */
    uint64_t repeated;      /* messages that came again, or late */
    uint64_t out_of_order;  /* places at which a tab's order was not the first tab's */
    uint64_t unchecked;     /* places that a tab reached too late to compare */
};

void ledger_open(struct ledger *ledger, uint32_t tabs, uint32_t senders);

/* Note that a sender's message is sent; before it can come back. */
void ledger_sent(struct ledger *ledger, uint32_t sender, uint32_t sequence);

/* Note that a tab has got a message; gives how many tabs have it now. */
uint32_t ledger_took(struct ledger *ledger, uint32_t tab, const struct marker *marker);

/* Violations of any kind. */
uint64_t ledger_wrong(const struct ledger *ledger);
