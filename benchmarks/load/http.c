#define _GNU_SOURCE
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "clock.h"
#include "gate.h"
#include "histogram.h"
#include "report.h"

#define READ_BYTES (64u * 1024)

struct caller {
    int socket;
    uint64_t asked_ns;
    size_t head;  /* bytes of the answer's head; 0: not read yet */
    size_t whole; /* bytes of the whole answer */
    bool last;    /* the server closes after this answer */
    struct bytes in;
};

static struct bytes request;
static struct histogram latency;
static uint64_t answers, wrong, body_bytes;
static uint32_t busy;
static bool asking;
static int epoll;
static struct sockaddr_in server;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(2);
}

static void write_request(const struct options *options)
{
    char text[4096];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n", options->path, options->host,
                          (unsigned)ntohs(options->address.sin_port));
    bytes_append(&request, text, (size_t)length);
    bytes_append(&request, options->headers.at, options->headers.length);
    if (options->cookie_count) {
        length = snprintf(text, sizeof text, "Cookie: %s\r\n", options->cookies[0]);
        bytes_append(&request, text, (size_t)length);
    }
    bytes_append(&request, "\r\n", 2);
}

static void open_caller(struct caller *caller)
{
    int one = 1;
    caller->last = false;
    caller->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = caller};
    if (caller->socket < 0 || connect(caller->socket, (const struct sockaddr *)&server, sizeof server) ||
        setsockopt(caller->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, caller->socket, &event))
        fail("cannot connect");
}

static void ask(struct caller *caller)
{
    if (caller->last) { /* servers end a connection after so many requests */
        close(caller->socket);
        open_caller(caller);
    }
    if (!asking)
        return;
    caller->head = caller->in.length = 0;
    caller->asked_ns = now_ns();
    busy++;
    if (send(caller->socket, request.at, request.length, MSG_NOSIGNAL) != (ssize_t)request.length)
        fail("a request could not be sent");
}

static void read_head(struct caller *caller)
{
    const char *at = caller->in.at;
    const char *stop = memmem(at, caller->in.length, "\r\n\r\n", 4);
    if (!stop)
        return;
    caller->head = (size_t)(stop - at) + 4;
    char *head = strndup(at, caller->head);
    const char *length = strcasestr(head, "\r\ncontent-length:");
    if (!length) {
        fprintf(stderr, "load: an answer without Content-Length\n");
        exit(2);
    }
    caller->whole = caller->head + strtoul(length + 17, NULL, 10);
    caller->last = strcasestr(head, "\r\nconnection: close") != NULL;
    wrong += strncmp(head, "HTTP/1.1 200", 12) != 0;
    free(head);
}

static void hear(struct caller *caller)
{
    bytes_reserve(&caller->in, READ_BYTES);
    ssize_t came = recv(caller->socket, caller->in.at + caller->in.length, READ_BYTES, 0);
    if (came <= 0)
        fail("a kept connection ended");
    caller->in.length += (size_t)came;
    if (!caller->head)
        read_head(caller);
    if (caller->head && caller->in.length >= caller->whole) {
        answers++;
        body_bytes += caller->whole - caller->head;
        busy--;
        histogram_add(&latency, now_ns() - caller->asked_ns, 1);
        ask(caller);
    }
}

static void run_for(struct caller *callers, uint32_t count, double seconds)
{
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    asking = true;
    for (uint32_t i = 0; i < count; i++)
        ask(&callers[i]);
    while (busy) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 30000);
        if (ready <= 0)
            fail("no answer for 30 s");
        for (int i = 0; i < ready; i++)
            hear(events[i].data.ptr);
        if (now_ns() >= end)
            asking = false;
    }
}

int http_run(const struct options *options)
{
    struct caller *callers = calloc(options->tabs, sizeof *callers);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    server = options->address;
    write_request(options);
    for (uint32_t i = 0; i < options->tabs; i++)
        open_caller(&callers[i]);
    if (options->warmup > 0)
        run_for(callers, options->tabs, options->warmup);
    gate(options->gate, "start");
    answers = body_bytes = 0;
    histogram_clear(&latency);
    uint64_t cpu = cpu_ns(), began = now_ns();
    run_for(callers, options->tabs, options->seconds);
    double seconds = (double)(now_ns() - began) / 1e9;
    cpu = cpu_ns() - cpu;
    gate(options->gate, "end");
    report_begin();
    report_text("mode", "http");
    report_count("connections", options->tabs);
    report_number("seconds", seconds);
    report_count("answers", answers);
    report_count("not_200", wrong);
    report_number("answers_per_second", (double)answers / seconds);
    report_number("body_bytes_per_answer", answers ? (double)body_bytes / (double)answers : 0.0);
    report_latency("answer_ns", &latency);
    report_number("client_cpu_seconds", (double)cpu / 1e9);
    report_end();
    return wrong ? 1 : 0;
}
