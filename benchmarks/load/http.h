/* http: GET one path again and again over kept connections. */
#pragma once

#include "options.h"

/* Gives the exit status: 1 where an answer was not a 200. */
int http_run(const struct options *options);
