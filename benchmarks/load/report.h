/* The one JSON object that a run writes on stdout. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

void report_begin(void);
void report_text(const char *name, const char *value);
void report_count(const char *name, uint64_t value);
void report_number(const char *name, double value);
void report_flag(const char *name, bool value);

/* Latencies as an object of p50, p90, p99, max and mean, ns, and their count. */
void report_latency(const char *name, const struct histogram *histogram);

void report_end(void);
