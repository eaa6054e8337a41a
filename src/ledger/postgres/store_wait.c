/* store_wait: the only place that waits for a server. libpq never blocks here: while it waits to send, what
 * arrives is taken too, because a server that cannot send its answers reads no more statements. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "ledger/postgres/store_postgres.h"

enum { SLICE_MS = 200 };

uint64_t store_postgres_deadline(const struct store_postgres *store,
                                 const struct store_connection *connection)
{
    return connection->is_slow ? 0 : clock_boot_ns() + STORE_POSTGRES_ANSWER_LEASES * store->lease_ns;
}

static int fail_late(const struct store_postgres *store, struct store_connection *connection,
                     struct error *error)
{
    char text[96];
    snprintf(text, sizeof text, "the database has not answered for %u s",
             (unsigned)(STORE_POSTGRES_ANSWER_LEASES * store->lease_ns / CLOCK_NS_PER_S));
    connection->is_broken = true;
    /* The server's side of it ends, so that no transaction of it goes on. */
    shutdown(PQsocket(connection->pg), SHUT_RDWR);
    return store_postgres_set_error(
        store, "read or written", text,
        "check the server, its disk and the network, then run again: what was not acknowledged is resolved by that run",
        error);
}

int store_postgres_wait(const struct store_postgres *store, struct store_connection *connection, short events,
                        uint64_t deadline_ns, struct error *error)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = PQsocket(connection->pg), .events = events},
                               {.fd = connection->has_stop ? connection->stop_fd : -1, .events = POLLIN}};
        uint64_t now = clock_boot_ns();
        int wait_ms = SLICE_MS;
        if (deadline_ns != 0 && now >= deadline_ns)
            return fail_late(store, connection, error);
        if (deadline_ns != 0 && (deadline_ns - now) / CLOCK_NS_PER_MS < SLICE_MS)
            wait_ms = (int)((deadline_ns - now) / CLOCK_NS_PER_MS) + 1;
        int ready = poll(fds, 2, wait_ms);
        if (ready < 0 && errno != EINTR) {
            connection->is_broken = true;
            return store_postgres_set_error(store, "read or written", strerror(errno), "run again", error);
        }
        if (ready > 0 && fds[1].revents != 0) {
            connection->is_broken = true;
            return error_set(error, ERROR_INTERRUPTED,
                             "interrupted while waiting for the database\nhint: run again");
        }
        /* Also after a slice without an event: of a TLS record above 8 KiB libpq leaves the end with OpenSSL,
         * and no event of the socket announces it. (Not while it connects: there an event is what it asked
         * for.) */
        if (ready > 0 || PQstatus(connection->pg) == CONNECTION_OK)
            return 0;
    }
}

static int fail_lost(const struct store_postgres *store, struct store_connection *connection,
                     struct error *error)
{
    connection->is_broken = true;
    return store_postgres_describe(store, connection, NULL, "read or written", error);
}

int store_postgres_flush(const struct store_postgres *store, struct store_connection *connection,
                         uint64_t deadline_ns, struct error *error)
{
    if (connection->is_broken)
        return fail_lost(store, connection, error);
    for (;;) {
        int left = PQflush(connection->pg);
        if (left == 0)
            return 0;
        if (left < 0)
            return fail_lost(store, connection, error);
        if (store_postgres_wait(store, connection, POLLIN | POLLOUT, deadline_ns, error) != 0)
            return -1;
        if (!PQconsumeInput(connection->pg))
            return fail_lost(store, connection, error);
    }
}

int store_postgres_result(const struct store_postgres *store, struct store_connection *connection,
                          uint64_t deadline_ns, PGresult **result, struct error *error)
{
    *result = NULL;
    if (connection->is_broken)
        return fail_lost(store, connection, error);
    while (PQisBusy(connection->pg)) {
        int left = PQflush(connection->pg);
        short events = left > 0 ? POLLIN | POLLOUT : POLLIN;
        if (left < 0)
            return fail_lost(store, connection, error);
        if (store_postgres_wait(store, connection, events, deadline_ns, error) != 0)
            return -1;
        if (!PQconsumeInput(connection->pg))
            return fail_lost(store, connection, error);
    }
    *result = PQgetResult(connection->pg);
    /* The server has ended the session: whether it says so or not, no further answer comes. */
    if (PQstatus(connection->pg) == CONNECTION_BAD) {
        PQclear(*result);
        *result = NULL;
        return fail_lost(store, connection, error);
    }
    return 0;
}
