#include "frames.h"

#include <string.h>

#define LONGEST (64ull << 20) /* bytes of one frame; a longer one is taken for nonsense */

static uint64_t big_endian(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    while (bytes--)
        value = value << 8 | *at++;
    return value;
}

enum frame_result frame_read(const char *from, size_t length, struct frame *frame)
{
    const uint8_t *at = (const uint8_t *)from;
    if (length < 2)
        return FRAME_PARTIAL;
    size_t head = 2;
    uint64_t payload = at[1] & 0x7f;
    if (at[1] & 0x80 || at[0] & 0x30)
        return FRAME_BROKEN; /* masked, or of an extension that nobody agreed on */
    if (payload == 126)
        head = 4;
    else if (payload == 127)
        head = 10;
    if (length < head)
        return FRAME_PARTIAL;
    if (head > 2)
        payload = big_endian(at + 2, (int)head - 2);
    if (payload > LONGEST)
        return FRAME_BROKEN;
    frame->opcode = at[0] & 15;
    frame->last = at[0] & 0x80;
    frame->compressed = at[0] & 0x40;
    if (frame->opcode >= CLOSE && (!frame->last || payload > 125))
        return FRAME_BROKEN;
    frame->payload = from + head;
    frame->length = payload;
    frame->size = head + payload;
    return length < frame->size ? FRAME_PARTIAL : FRAME_WHOLE;
}

static uint32_t next_mask(void)
{
    static uint32_t state = 2463534242u; /* xorshift: a mask need not be secret here */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

void frame_write(struct bytes *to, enum opcode opcode, const char *payload, size_t length)
{
    uint8_t head[14] = {(uint8_t)(0x80 | opcode)};
    size_t used = 2;
    if (length < 126) {
        head[1] = (uint8_t)(0x80 | length);
    } else {
        int bytes = length < 65536 ? 2 : 8;
        head[1] = (uint8_t)(0x80 | (bytes == 2 ? 126 : 127));
        for (int i = 0; i < bytes; i++)
            head[used++] = (uint8_t)(length >> 8 * (bytes - 1 - i));
    }
    uint32_t number = next_mask();
    uint8_t mask[4];
    memcpy(mask, &number, 4);
    memcpy(head + used, mask, 4);
    bytes_append(to, head, used + 4);
    bytes_reserve(to, length);
    char *out = to->at + to->length;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(payload[i] ^ mask[i & 3]);
    to->length += length;
}
