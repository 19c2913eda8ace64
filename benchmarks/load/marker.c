#include "marker.h"

#include <stdbool.h>
#include <string.h>

static const char DIGITS[] = "0123456789abcdef";

static void write_digits(char *to, uint64_t value, int digits)
{
    while (digits--) {
        to[digits] = DIGITS[value & 15];
        value >>= 4;
    }
}

void marker_write(char *to, const struct marker *marker)
{
    to[0] = '~';
    write_digits(to + 1, marker->run, 4);
    to[5] = ':';
    write_digits(to + 6, marker->sender, 4);
    to[10] = ':';
    write_digits(to + 11, marker->sequence, 8);
    to[19] = ':';
    write_digits(to + 20, marker->sent_ns, 16);
    to[36] = '~';
}

#define VALID 16 /* set in the value of each byte that is a digit */

static const uint8_t VALUES[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
};

static uint64_t read_digits(const char *from, int digits, uint8_t *all)
{
    uint64_t value = 0;
    for (int i = 0; i < digits; i++) {
        uint8_t digit = VALUES[(uint8_t)from[i]];
        *all &= digit;
        value = value << 4 | (digit & 15);
    }
    return value;
}

static bool read_marker(const char *at, struct marker *found)
{
    if (at[5] != ':' || at[10] != ':' || at[19] != ':' || at[36] != '~')
        return false;
    uint8_t all = VALID;
    found->run = (uint16_t)read_digits(at + 1, 4, &all);
    found->sender = (uint16_t)read_digits(at + 6, 4, &all);
    found->sequence = (uint32_t)read_digits(at + 11, 8, &all);
    found->sent_ns = read_digits(at + 20, 16, &all);
    return all & VALID;
}

const char *marker_find(const char *from, const char *end, struct marker *found)
{
    while (end - from >= MARKER_BYTES) {
        const char *at = memchr(from, '~', (size_t)(end - from) - (MARKER_BYTES - 1));
        if (!at)
            return NULL;
        if (read_marker(at, found))
            return at + MARKER_BYTES;
        from = at + 1;
    }
    return NULL;
}
