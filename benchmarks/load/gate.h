/* The gate: whoever started the client reads the servers' counters exactly before and after what is measured. */
#pragma once

#include <stdbool.h>

/* Say a word on stderr and wait for a line on stdin; nothing where no gate is wanted. */
void gate(bool wanted, const char *word);
