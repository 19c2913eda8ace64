#include "report.h"

#include <inttypes.h>
#include <stdio.h>

static bool first;

static void name_of(const char *name)
{
    printf("%s\"%s\": ", first ? "" : ", ", name);
    first = false;
}

void report_begin(void)
{
    putchar('{');
    first = true;
}

void report_text(const char *name, const char *value)
{
    name_of(name);
    printf("\"%s\"", value); /* only words of this program's own come here */
}

void report_count(const char *name, uint64_t value)
{
    name_of(name);
    printf("%" PRIu64, value);
}

void report_number(const char *name, double value)
{
    name_of(name);
    printf("%.6g", value);
}

void report_flag(const char *name, bool value)
{
    name_of(name);
    fputs(value ? "true" : "false", stdout);
}

void report_latency(const char *name, const struct histogram *histogram)
{
    name_of(name);
    printf("{\"p50\": %" PRIu64 ", \"p90\": %" PRIu64 ", \"p99\": %" PRIu64 ", \"max\": %" PRIu64 ", \"mean\": %.0f, "
           "\"count\": %" PRIu64 "}",
           histogram_at(histogram, 0.5), histogram_at(histogram, 0.9), histogram_at(histogram, 0.99), histogram->max,
           histogram->count ? (double)histogram->sum / (double)histogram->count : 0.0, histogram->count);
}

void report_end(void)
{
    puts("}");
    fflush(stdout);
}
