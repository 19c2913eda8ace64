#include "histogram.h"

#include <string.h>

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

static uint32_t bucket_of(uint64_t value)
{
    if (value < 2 * HISTOGRAM_STEPS)
        return (uint32_t)value;
    uint32_t shift = 57u - (uint32_t)__builtin_clzll(value); /* keeps seven digits: 64 to 127 */
    return shift * HISTOGRAM_STEPS + (uint32_t)(value >> shift);
}

/* The largest value that falls into a bucket. */
static uint64_t top_of(uint32_t bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    uint32_t shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t digits = bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return ((digits + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t value, uint64_t times)
{
    histogram->buckets[bucket_of(value)] += times;
    histogram->count += times;
    histogram->sum += value * times;
    if (value > histogram->max)
        histogram->max = value;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
    uint64_t seen = 0;
    uint64_t wanted = (uint64_t)((double)histogram->count * share);
    if (!histogram->count)
        return 0;
    for (uint32_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > wanted || seen == histogram->count) {
            uint64_t top = top_of(bucket);
            return top < histogram->max ? top : histogram->max;
        }
    }
    return histogram->max;
}
