/* firehose: writes batches of messages to all of its tabs, as fast as they take them, for as long as they stay.
 * It shows what the load client itself can take in; no server of a chat is as fast. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "clock.h"
#include "marker.h"

struct plan {
    unsigned port, tabs, batch, bytes, run;
};

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static int listen_on(unsigned port)
{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024))
        fail("firehose: cannot listen");
    return listener;
}

/* Take one tab in; the client does not look at Sec-WebSocket-Accept, so none is worked out. */
static int take_in(int listener)
{
    static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    char request[4096];
    int one = 1, tab = accept(listener, NULL, NULL);
    if (tab < 0 || read(tab, request, sizeof request) <= 0 || write(tab, ANSWER, sizeof ANSWER - 1) < 0)
        fail("firehose: cannot take a tab in");
    setsockopt(tab, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return tab;
}

/* One frame of `batch` messages, with room for their markers at the beginning of each. */
static void make_frame(struct bytes *frame, const struct plan *plan)
{
    size_t length = (size_t)plan->batch * plan->bytes;
    unsigned char head[10] = {0x81, 127};
    for (int i = 0; i < 8; i++)
        head[2 + i] = (unsigned char)(length >> 8 * (7 - i));
    bytes_append(frame, head, sizeof head);
    bytes_reserve(frame, length);
    memset(frame->at + frame->length, '.', length);
    frame->length += length;
}

static void mark(struct bytes *frame, const struct plan *plan, uint32_t *sequence)
{
    struct marker marker = {.run = (uint16_t)plan->run, .sent_ns = now_ns()};
    for (unsigned i = 0; i < plan->batch; i++) {
        marker.sequence = (*sequence)++;
        marker_write(frame->at + 10 + (size_t)i * plan->bytes, &marker);
    }
}

static void write_all(int tab, const struct bytes *frame)
{
    size_t written = 0;
    while (written < frame->length) {
        ssize_t more = write(tab, frame->at + written, frame->length - written);
        if (more <= 0)
            exit(0); /* the client has seen enough */
        written += (size_t)more;
    }
}

int main(int count, char **arguments)
{
    if (count != 6) {
        fprintf(stderr, "usage: firehose PORT TABS MESSAGES-PER-FRAME BYTES-PER-MESSAGE RUN\n");
        return 2;
    }
    struct plan plan = {(unsigned)atoi(arguments[1]), (unsigned)atoi(arguments[2]), (unsigned)atoi(arguments[3]),
                        (unsigned)atoi(arguments[4]), (unsigned)strtoul(arguments[5], NULL, 16)};
    if (!plan.tabs || !plan.batch || plan.bytes < MARKER_BYTES) {
        fprintf(stderr, "firehose: tabs and messages take 1 or more, bytes %d or more\n", MARKER_BYTES);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(plan.port);
    puts("ready");
    fflush(stdout);
    int *tabs = calloc(plan.tabs, sizeof *tabs);
    for (unsigned i = 0; i < plan.tabs; i++)
        tabs[i] = take_in(listener);
    struct bytes frame = {0};
    uint32_t sequence = 0;
    make_frame(&frame, &plan);
    for (;;) {
        mark(&frame, &plan, &sequence);
        for (unsigned i = 0; i < plan.tabs; i++)
            write_all(tabs[i], &frame);
    }
}
