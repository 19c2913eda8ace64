#define _GNU_SOURCE
#include "tab.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "crowd.h"
#include "frames.h"
#include "inflate.h"

#define READ_BYTES (256u * 1024)
#define SMALL_BUFFER 2304 /* bytes; the kernel takes nothing smaller for SO_RCVBUF */

static void watch(struct tab *tab, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = tab};
    if (epoll_ctl(tab->crowd->epoll, operation, tab->socket, &event)) {
        perror("load: epoll_ctl");
        exit(2);
    }
}

static uint32_t events_of(const struct tab *tab)
{
    return (tab->reads ? (uint32_t)EPOLLIN : 0u) | (tab->wants_out ? (uint32_t)EPOLLOUT : 0u);
}

void tab_reads(struct tab *tab, bool reads)
{
    tab->reads = reads;
    watch(tab, EPOLL_CTL_MOD, events_of(tab));
}

static void write_request(struct tab *tab, const struct options *options)
{
    char text[4096];
    /* The key is the same for all: nothing here has to prove that the server read it. */
    int length = snprintf(text, sizeof text,
                          "GET %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cXVhcnQtY2hhdC1iZW5jaA==\r\n",
                          options->path, options->host, (unsigned)ntohs(options->address.sin_port));
    bytes_append(&tab->out, text, (size_t)length);
    bytes_append(&tab->out, options->headers.at, options->headers.length);
    if (options->cookie_count) {
        length = snprintf(text, sizeof text, "Cookie: %s\r\n", options->cookies[tab->number % options->cookie_count]);
        bytes_append(&tab->out, text, (size_t)length);
    }
    if (options->deflate) {
        static const char OFFER[] = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                    "client_no_context_takeover\r\n";
        bytes_append(&tab->out, OFFER, sizeof OFFER - 1);
    }
    bytes_append(&tab->out, "\r\n", 2);
}

void tab_open(struct tab *tab, const struct options *options, bool small)
{
    int one = 1, bytes = SMALL_BUFFER;
    tab->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (tab->socket < 0) {
        fprintf(stderr, "load: no socket for tab %u: %s (see ulimit -n)\n", tab->number, strerror(errno));
        exit(2);
    }
    setsockopt(tab->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (small)
        setsockopt(tab->socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (connect(tab->socket, (const struct sockaddr *)&options->address, sizeof options->address) &&
        errno != EINPROGRESS) {
        fprintf(stderr, "load: cannot connect tab %u: %s\n", tab->number, strerror(errno));
        exit(2);
    }
    tab->state = TAB_OPENING;
    tab->answered = tab->deflates = tab->reset = false;
    tab->close_code = 0;
    tab->reads = tab->wants_out = true; /* the request goes out once it is connected */
    tab->in.length = tab->message.length = tab->out.length = 0;
    write_request(tab, options);
    watch(tab, EPOLL_CTL_ADD, events_of(tab));
}

static void end(struct tab *tab)
{
    if (tab->state == TAB_CLOSED)
        return;
    close(tab->socket);
    tab->socket = -1;
    tab->state = TAB_CLOSED;
    tab->ended_ns = now_ns();
    bytes_free(&tab->in);
    bytes_free(&tab->message);
    bytes_free(&tab->out);
    crowd_closed(tab->crowd, tab);
}

void tab_drop(struct tab *tab)
{
    end(tab);
}

void tab_flush(struct tab *tab)
{
    tab->dirty = false;
    if (tab->state == TAB_CLOSED || !tab->out.length)
        return;
    ssize_t sent = send(tab->socket, tab->out.at, tab->out.length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) {
        tab->reset = errno == ECONNRESET || errno == EPIPE;
        end(tab);
        return;
    }
    if (sent > 0)
        bytes_drop(&tab->out, (size_t)sent);
    bool wants_out = tab->out.length > 0;
    if (wants_out != tab->wants_out) {
        tab->wants_out = wants_out;
        watch(tab, EPOLL_CTL_MOD, events_of(tab));
    }
}

void tab_say(struct tab *tab, const char *text, size_t length)
{
    frame_write(&tab->out, TEXT, text, length);
    crowd_dirty(tab->crowd, tab);
}

static void enter(struct tab *tab, const struct options *options)
{
    tab->state = TAB_ENTERING;
    if (options->hello)
        tab_say(tab, options->hello, strlen(options->hello));
    if (!options->joined)
        crowd_joined(tab->crowd, tab);
}

static bool has_header(const char *head, const char *name, const char *value)
{
    const char *found = strcasestr(head, name);
    if (!found)
        return false;
    const char *stop = strstr(found + 2, "\r\n"); /* the name begins with the line end before it */
    const char *at = strcasestr(found, value);
    return at && (!stop || at < stop);
}

/* Read the handshake's answer; gives its bytes, 0 where it is not whole. */
static size_t read_answer(struct tab *tab, const struct options *options, const char *at, size_t length)
{
    const char *stop = memmem(at, length, "\r\n\r\n", 4);
    if (!stop)
        return 0;
    char *head = strndup(at, (size_t)(stop - at));
    if (strncmp(head, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: tab %u was refused: %.*s\n", tab->number, (int)strcspn(head, "\r\n"), head);
        exit(2);
    }
    if (options->deflate && has_header(head, "\r\nsec-websocket-extensions:", "permessage-deflate")) {
        if (!has_header(head, "\r\nsec-websocket-extensions:", "server_no_context_takeover")) {
            fprintf(stderr, "load: the server keeps its deflate context, which was not offered\n");
            exit(2);
        }
        tab->deflates = true;
        tab->crowd->agreed++;
    }
    free(head);
    tab->answered = true;
    enter(tab, options);
    return (size_t)(stop - at) + 4;
}

static void broken(struct tab *tab, const char *what)
{
    fprintf(stderr, "load: tab %u got %s\n", tab->number, what);
    exit(1);
}

static void text_came(struct tab *tab, const char *text, size_t length, bool compressed)
{
    struct crowd *crowd = tab->crowd;
    crowd->payload_bytes += length;
    if (compressed) {
        if (!tab->deflates || !inflate_message(&crowd->inflated, text, length))
            broken(tab, "a deflated message that cannot be inflated");
        text = crowd->inflated.at;
        length = crowd->inflated.length;
    }
    crowd_text(crowd, tab, text, length);
}

static void data_came(struct tab *tab, const struct frame *frame)
{
    struct crowd *crowd = tab->crowd;
    crowd->frames++;
    if (frame->opcode != CONTINUATION && frame->last) {
        text_came(tab, frame->payload, frame->length, frame->compressed);
        return;
    }
    if (frame->opcode != CONTINUATION) {
        tab->message.length = 0;
        tab->compressed = frame->compressed;
    }
    bytes_append(&tab->message, frame->payload, frame->length);
    if (frame->last) {
        text_came(tab, tab->message.at, tab->message.length, tab->compressed);
        tab->message.length = 0;
    }
}

static void frame_came(struct tab *tab, const struct frame *frame)
{
    switch (frame->opcode) {
    case CONTINUATION:
    case TEXT:
    case BINARY: data_came(tab, frame); break;
    case PING:
        tab->crowd->pings++;
        frame_write(&tab->out, PONG, frame->payload, frame->length);
        crowd_dirty(tab->crowd, tab);
        break;
    case CLOSE:
        tab->close_code = 1005; /* RFC 6455, 7.1.5: none was given */
        if (frame->length >= 2)
            tab->close_code = (uint16_t)((uint8_t)frame->payload[0] << 8 | (uint8_t)frame->payload[1]);
        frame_write(&tab->out, CLOSE, frame->payload, frame->length < 2 ? 0 : 2);
        tab_flush(tab);
        break;
    case PONG: break;
    default: broken(tab, "a frame of an unknown kind");
    }
}

/* Handle all that is whole; gives the bytes that were. */
static size_t parse(struct tab *tab, const struct options *options, const char *at, size_t length)
{
    size_t used = 0;
    if (!tab->answered && !(used = read_answer(tab, options, at, length)))
        return 0;
    struct frame frame;
    while (tab->state != TAB_CLOSED && used < length) {
        enum frame_result result = frame_read(at + used, length - used, &frame);
        if (result == FRAME_PARTIAL)
            break;
        if (result == FRAME_BROKEN)
            broken(tab, "a frame that no server may send");
        used += frame.size;
        frame_came(tab, &frame);
    }
    return used;
}

void tab_read(struct tab *tab, const struct options *options)
{
    struct crowd *crowd = tab->crowd;
    struct bytes *scratch = &crowd->scratch;
    scratch->length = 0;
    bytes_append(scratch, tab->in.at, tab->in.length);
    bytes_reserve(scratch, READ_BYTES);
    ssize_t came = recv(tab->socket, scratch->at + scratch->length, READ_BYTES, 0);
    if (came < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (came <= 0) {
        tab->reset = came < 0;
        end(tab);
        return;
    }
    crowd->now = now_ns();
    crowd->wire_bytes += (uint64_t)came;
    scratch->length += (size_t)came;
    size_t used = parse(tab, options, scratch->at, scratch->length);
    if (tab->state == TAB_CLOSED)
        return;
    tab->in.length = 0;
    bytes_append(&tab->in, scratch->at + used, scratch->length - used);
}
