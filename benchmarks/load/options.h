/* What the command line asks for. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

enum mode { JOIN, QUIET, BUSY, INTAKE, RATE, STALL, DRINK, HTTP };

struct options {
    enum mode mode;
    const char *mode_name;
    struct sockaddr_in address;
    const char *host;
    const char *path;
    struct bytes headers;    /* "Name: value\r\n" each */
    char **cookies;          /* tab n sends cookie n modulo their number */
    uint32_t cookie_count;
    uint32_t tabs;
    uint32_t handshakes;     /* that are under way at a time */
    double joins_per_second; /* 0: as fast as they go */
    const char *hello;       /* sent after the handshake; NULL: nothing */
    const char *joined;      /* what a frame holds that ends the joining; NULL: the handshake does */
    const char *say;         /* a message, with {marker}, {nonce} and {pad} in it */
    uint32_t pad;            /* bytes of {pad} */
    const char *ack;         /* what a frame to the sender holds that says its message is kept; NULL: no such */
    const char *refused;     /* what a frame holds that says that it is not; NULL: no such */
    uint32_t senders;
    uint32_t window;         /* messages under way; intake: of each sender */
    double rate;             /* messages a second */
    double settle;           /* seconds between the last joining and the first message */
    double warmup;           /* seconds */
    double seconds;
    uint64_t messages;       /* ends the measured part; 0: the time does */
    double hold;             /* join: seconds for which the tabs stay */
    uint32_t stalled;        /* stall: the last so many tabs stop reading */
    double silence;          /* seconds without any progress until the run has failed */
    bool deflate;
    bool gate;               /* say "start" and "end" on stderr, and wait for a line on stdin each */
    int run;                 /* what markers begin with; -1: chosen */
};

/* Read the command line; ends the process with what is wrong, or with the usage. */
void options_read(struct options *options, int count, char **arguments);
