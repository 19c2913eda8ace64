/* The load client: opens many tabs on one server, sends messages, follows each to every tab, and writes what it
 * measured as one JSON object. One thread, one epoll. Exit status: 0; 1 where messages were lost, repeated or out of
 * order, or a tab was closed; 2 where the run could not be made. */
#include "http.h"
#include "join.h"
#include "options.h"
#include "stall.h"
#include "talk.h"

int main(int count, char **arguments)
{
    struct options options;
    options_read(&options, count, arguments);
    switch (options.mode) {
    case JOIN: return join_run(&options);
    case STALL: return stall_run(&options);
    case HTTP: return http_run(&options);
    default: return talk_run(&options);
    }
}
