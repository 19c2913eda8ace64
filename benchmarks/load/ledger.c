#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

static void *zeros(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size);
    if (!made) {
        fprintf(stderr, "load: no memory for the ledger\n");
        exit(2);
    }
    return made;
}

void ledger_open(struct ledger *ledger, uint32_t tabs, uint32_t senders)
{
    *ledger = (struct ledger){.tabs = tabs, .senders = senders};
    ledger->expected = zeros((size_t)tabs * senders, sizeof *ledger->expected);
    ledger->hashes = zeros(tabs, sizeof *ledger->hashes);
    ledger->counts = zeros(tabs, sizeof *ledger->counts);
    ledger->order = zeros(LEDGER_POSITIONS, sizeof *ledger->order);
    ledger->got = zeros((size_t)senders * LEDGER_SLOTS, sizeof *ledger->got);
}

static uint32_t *slot(struct ledger *ledger, uint32_t sender, uint32_t sequence)
{
    return &ledger->got[(size_t)sender * LEDGER_SLOTS + sequence % LEDGER_SLOTS];
}

void ledger_sent(struct ledger *ledger, uint32_t sender, uint32_t sequence)
{
    *slot(ledger, sender, sequence) = 0;
}

static void check_order(struct ledger *ledger, uint32_t tab, const struct marker *marker)
{
    uint64_t hash = ledger->hashes[tab] ^ ((uint64_t)marker->sender << 32 | marker->sequence);
    hash *= 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
    ledger->hashes[tab] = hash;
    uint64_t position = ++ledger->counts[tab];
    struct place *place = &ledger->order[position % LEDGER_POSITIONS];
    if (place->position < position)
        *place = (struct place){position, hash}; /* the first tab that gets so far says what is right */
    else if (place->position > position)
        ledger->unchecked++;
    else if (place->hash != hash)
        ledger->out_of_order++;
}

uint32_t ledger_took(struct ledger *ledger, uint32_t tab, const struct marker *marker)
{
    uint32_t *expected = &ledger->expected[(size_t)tab * ledger->senders + marker->sender];
    if (marker->sequence > *expected)
        ledger->lost += marker->sequence - *expected;
    else if (marker->sequence < *expected) {
        ledger->repeated++;
        return 0;
    }
    *expected = marker->sequence + 1;
    check_order(ledger, tab, marker);
    return ++*slot(ledger, marker->sender, marker->sequence);
}

uint64_t ledger_wrong(const struct ledger *ledger)
{
    return ledger->lost + ledger->repeated + ledger->out_of_order;
}
