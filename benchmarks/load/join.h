/* join: opens all tabs, then holds them idle. */
#pragma once

#include "options.h"

/* Gives the exit status: 1 where a tab was closed while it was held. */
int join_run(const struct options *options);
