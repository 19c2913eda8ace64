/* stall: some tabs stop reading while messages go on; then they read again, end, and come back. */
#pragma once

#include "options.h"

/* Gives the exit status: 1 where a tab that read lost something, or one that came back could not enter. */
int stall_run(const struct options *options);
