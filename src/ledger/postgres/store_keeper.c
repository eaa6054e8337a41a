#include "ledger/postgres/store_keeper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"

enum { RENEWALS = 3 }; /* in a lease */

struct store_keeper {
    struct store_postgres *store;
    int stop_fd; /* an eventfd; constant while the thread runs, as store */
    pthread_t thread;

    /* The thread's. */
    struct store_connection connection;
    bool waits; /* waits_ms of the row is to become 0 once from_ns has passed */
};

/* The fence renews. Once the former holder's right to send is over, nobody need wait for it any more. */
static int send_renewal(struct store_keeper *keeper, bool ends_wait, struct error *error)
{
    const struct store_postgres *store = keeper->store;
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_number(&parameters, store->epoch);
    int result = store_postgres_send(store, &keeper->connection, STORE_POSTGRES_FENCE, &parameters, error);
    if (result == 0 && ends_wait)
        result = store_postgres_send_text(
            store, &keeper->connection, "UPDATE writer SET waits_ms = 0 WHERE one = 1 AND epoch = $1::bigint",
            &parameters, error);
    return result;
}

/* 0: renewed, or not this time; -1: another process is the writer, or the thread shall end. */
static int renew(struct store_keeper *keeper)
{
    struct store_postgres *store = keeper->store;
    struct error error = {.scope = ERROR_NONE};
    PGresult *bad = NULL;
    uint64_t before_ns = clock_boot_ns();
    bool ends_wait = keeper->waits && before_ns >= store->from_ns;
    int result = 0;

    if (!keeper->connection.pg)
        result = store_postgres_connect(store, &keeper->connection, LEDGER_WRITE,
                                        before_ns + store->lease_ns / RENEWALS, &error);
    if (result == 0)
        result = send_renewal(keeper, ends_wait, &error);
    if (result == 0)
        result = store_postgres_sync(store, &keeper->connection, NULL, 0, &bad, &error);
    if (result == 0) {
        store_postgres_renewed(store, before_ns);
        keeper->waits = keeper->waits && !ends_wait;
        return 0;
    }
    bool is_over = store_postgres_is_taken(bad);
    if (!is_over && (!bad || store_postgres_is_lost(&keeper->connection, bad)))
        store_postgres_disconnect(&keeper->connection);
    PQclear(bad);
    return is_over || error.scope == ERROR_INTERRUPTED ? -1 : 0;
}

static void *keeper_main(void *argument)
{
    struct store_keeper *keeper = argument;
    int wait_ms = (int)(keeper->store->lease_ns / RENEWALS / CLOCK_NS_PER_MS);
    struct pollfd stop = {.fd = keeper->stop_fd, .events = POLLIN};
    int ready;
    while ((ready = poll(&stop, 1, wait_ms)) == 0 || (ready < 0 && errno == EINTR))
        if (ready == 0 && renew(keeper) < 0)
            break;
    return NULL;
}

static void free_keeper(struct store_keeper *keeper)
{
    store_postgres_disconnect(&keeper->connection);
    if (keeper->stop_fd >= 0)
        close(keeper->stop_fd);
    free(keeper);
}

/* A signal is for the thread that waits for it: here it would end the process. */
static int start_thread(struct store_keeper *keeper)
{
    sigset_t all, kept;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &kept);
    int result = pthread_create(&keeper->thread, NULL, keeper_main, keeper);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    return result;
}

/* From its end on the connection is the thread's. */
static int start(struct store_keeper *keeper, struct error *error)
{
    if (keeper->stop_fd < 0)
        return error_set(error, ERROR_USAGE,
                         "cannot open another file\nhint: raise the limit on open files (ulimit -n)");
    if (store_postgres_connect(keeper->store, &keeper->connection, LEDGER_WRITE, 0, error) != 0)
        return -1;
    if (start_thread(keeper) != 0)
        return error_set(error, ERROR_USAGE,
                         "cannot start a thread\nhint: raise the limit on processes (ulimit -u)");
    return 0;
}

int store_postgres_keep(struct store_postgres *store, struct error *error)
{
    struct store_keeper *keeper = memory_new(1, sizeof *keeper);
    keeper->store = store;
    keeper->waits = store->from_ns > 0;
    keeper->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    keeper->connection.stop_fd = keeper->stop_fd;
    keeper->connection.has_stop = true;
    if (start(keeper, error) == 0) {
        store->keeper = keeper;
        return 0;
    }
    free_keeper(keeper);
    return -1;
}

void store_postgres_stop_keeping(struct store_postgres *store)
{
    struct store_keeper *keeper = store->keeper;
    if (!keeper)
        return;
    (void)eventfd_write(keeper->stop_fd, 1);
    pthread_join(keeper->thread, NULL);
    free_keeper(keeper);
    store->keeper = NULL;
}
