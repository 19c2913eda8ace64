/* Inflating messages of permessage-deflate (RFC 7692) without context takeover: each message stands alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/* Inflate one message into `to`, which is emptied first; false where it is broken. */
bool inflate_message(struct bytes *to, const char *from, size_t length);
