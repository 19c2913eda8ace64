/* Websocket frames (RFC 6455, 5.2), without I/O: reading what a server sends, writing what a client does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

enum frame_result { FRAME_WHOLE, FRAME_PARTIAL, FRAME_BROKEN };

struct frame {
    uint8_t opcode;
    bool last;       /* FIN: it ends its message */
    bool compressed; /* RSV1: its message is deflated (RFC 7692) */
    const char *payload;
    size_t length;
    size_t size; /* of the whole frame, with its head */
};

/* Read the first frame of a run of bytes; BROKEN: no server may send it. */
enum frame_result frame_read(const char *at, size_t length, struct frame *frame);

/* Append one masked frame that is a whole message. */
void frame_write(struct bytes *to, enum opcode opcode, const char *payload, size_t length);
