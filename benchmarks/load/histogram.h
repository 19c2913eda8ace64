/* Latencies in buckets that widen with the value: 64 to each power of two, so at most 1.6 % off. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_STEPS 64u
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 59u)

struct histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);

/* Note `times` values of `value`, ns. */
void histogram_add(struct histogram *histogram, uint64_t value, uint64_t times);

/* The value, ns, that `share` (0 to 1) of all values do not exceed; 0 where there are none. */
uint64_t histogram_at(const struct histogram *histogram, double share);
