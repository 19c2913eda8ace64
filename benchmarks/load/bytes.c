#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_reserve(struct bytes *bytes, size_t more)
{
    size_t wanted = bytes->length + more;
    if (wanted <= bytes->room)
        return;
    size_t room = bytes->room ? bytes->room : 256;
    while (room < wanted)
        room *= 2;
    bytes->at = realloc(bytes->at, room);
    if (!bytes->at) {
        fprintf(stderr, "load: no memory for %zu bytes\n", room);
        exit(2);
    }
    bytes->room = room;
}

void bytes_append(struct bytes *bytes, const void *from, size_t length)
{
    if (!length)
        return;
    bytes_reserve(bytes, length);
    memcpy(bytes->at + bytes->length, from, length);
    bytes->length += length;
}

void bytes_drop(struct bytes *bytes, size_t length)
{
    bytes->length -= length;
    if (bytes->length)
        memmove(bytes->at, bytes->at + length, bytes->length);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){0};
}
