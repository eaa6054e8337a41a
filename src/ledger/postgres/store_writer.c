#include "ledger/postgres/store_writer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "ledger/ledger_lease.h"
#include "ledger/postgres/store_holder.h"
#include "ledger/postgres/store_postgres_ops.h"

enum {
    LOCK_CLASS = 0x4b594331, /* of the session locks of ledgers */
    POLLS = 300,             /* in a lease */
    POLL_MIN_MS = 5,
    LOCK_WAIT_MS = 1000, /* for a session that has ended to give its lock back */
};

/* Of a former holder: this one's is above it, and that of a draft above this one's. */
#define EPOCH_MAX (INT64_MAX - 2)

/* The row of writer, when it was seen. */
struct seen {
    int64_t epoch, renewed_at, activity;
    uint64_t waits_ms, seen_ns;
    bool is_released;
    char holder[STORE_HOLDER_SIZE];
};

uint64_t store_postgres_lease_ns(void)
{
    const char *text = failpoint_setting("KYC_LEASE_MS");
    return (text ? strtoull(text, NULL, 10) : LEDGER_LEASE_MS) * CLOCK_NS_PER_MS;
}

static void add_lock(const struct store_postgres *store, struct store_parameters *parameters)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_sha256(slice_from(store->schema), slice_make(NULL, 0), digest);
    uint32_t bits =
        (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
    store_postgres_add_number(parameters, LOCK_CLASS);
    store_postgres_add_number(parameters, (int32_t)bits);
}

/* Without waiting: 1; 0: another session has it; -1. */
static int lock(struct store_postgres *store, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    add_lock(store, &parameters);
    PGresult *rows = store_postgres_ask_text(
        store, "SELECT pg_try_advisory_lock($1::bigint::integer, $2::bigint::integer)", &parameters, error);
    if (!rows)
        return -1;
    int is_locked = store_postgres_number(rows, 0, 0) != 0;
    PQclear(rows);
    return is_locked;
}

static void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)}, NULL);
}

int store_postgres_lock_soon(struct store_postgres *store, struct error *error)
{
    uint64_t until_ns = clock_boot_ns() + LOCK_WAIT_MS * CLOCK_NS_PER_MS;
    for (;;) {
        int locked = lock(store, error);
        if (locked != 0 || clock_boot_ns() >= until_ns)
            return locked;
        sleep_ns(POLL_MIN_MS * CLOCK_NS_PER_MS);
    }
}

/* A holder that works in one long transaction cannot renew: the row is locked by itself. Its session's last
 * change of state shows that it lives, and a statement that the server works on; not one that waits for its
 * client, for a standby or for a lock. (Another session may have its number later.) */
#define SEE_SQL                                                                                              \
    "SELECT epoch, released, waits_ms, (extract(epoch FROM renewed_at) * 1000000)::bigint, "                 \
    "coalesce((SELECT (extract(epoch FROM max(CASE WHEN a.state = 'active' AND "                             \
    "coalesce(a.wait_event_type, '') NOT IN ('Client', 'IPC', 'Lock') THEN clock_timestamp() "               \
    "ELSE a.state_change END)) * 1000000)::bigint "                                                          \
    "FROM pg_stat_activity a WHERE a.pid = w.backend AND a.backend_start < w.renewed_at), 0), holder "       \
    "FROM writer w WHERE one = 1"

static int see(struct store_postgres *store, const char *sql, struct seen *seen, struct error *error)
{
    PGresult *rows = store_postgres_ask_text(store, sql, NULL, error);
    if (!rows)
        return -1;
    if (PQntuples(rows) != 1) {
        PQclear(rows);
        return store_postgres_fail_damaged(store, error, "the table writer has no row");
    }
    *seen = (struct seen){
        .epoch = store_postgres_number(rows, 0, 0),
        .is_released = store_postgres_number(rows, 0, 1) != 0,
        .waits_ms = (uint64_t)store_postgres_number(rows, 0, 2),
        .renewed_at = store_postgres_number(rows, 0, 3),
        .activity = store_postgres_number(rows, 0, 4),
        .seen_ns = clock_boot_ns(), /* behind the answer: what was renewed later is not in it */
    };
    struct slice holder = store_postgres_bytes(rows, 0, 5);
    snprintf(seen->holder, sizeof seen->holder, "%.*s", (int)holder.len, holder.len > 0 ? holder.data : "");
    PQclear(rows);
    return 0;
}

static int fail_busy(const struct store_postgres *store, const struct seen *seen, struct error *error)
{
    char text[STORE_HOLDER_SIZE + 32];
    store_holder_show(slice_from(seen->holder), text, sizeof text);
    return error_set(error, ERROR_BUSY,
                     "the ledger %s is in use by another run%s%s\nhint: wait until it ends", store->url.shown,
                     text[0] ? ": " : "", text);
}

static void report_watch(const struct store_postgres *store, const struct seen *holder)
{
    char text[STORE_HOLDER_SIZE + 32];
    store_holder_show(slice_from(holder->holder), text, sizeof text);
    log_info("the ledger %s: waiting, because %s: %s", store->url.shown,
             store_holder_is_gone(slice_from(holder->holder))
                 ? "the database still works for a run whose process has ended"
                 : "another run holds it and does not renew its lease",
             text);
}

/* Watches the holder that was seen: 1: this session has the lock; 0: for a whole lease the holder has not
 * renewed it, or its process has ended and the server has not ended its session; -1. */
static int watch_holder(struct store_postgres *store, const struct seen *first, struct error *error)
{
    uint64_t poll_ns = store->lease_ns / POLLS;
    struct seen now = {.epoch = 0};
    bool is_reported = false;
    if (poll_ns < POLL_MIN_MS * CLOCK_NS_PER_MS)
        poll_ns = POLL_MIN_MS * CLOCK_NS_PER_MS;
    for (;;) {
        int locked = lock(store, error);
        if (locked != 0)
            return locked;
        if (see(store, SEE_SQL, &now, error) != 0)
            return -1;
        bool is_alive =
            now.epoch != first->epoch ||
            /* A session that has ended has no activity; that of a process that has ended may work on. */
            ((now.renewed_at != first->renewed_at || now.activity > first->activity) &&
             !store_holder_is_gone(slice_from(now.holder)));
        if (is_alive && !now.is_released) /* what is released ends this moment */
            return fail_busy(store, &now, error);
        if (now.seen_ns >= first->seen_ns + store->lease_ns)
            return 0;
        if (!is_reported && now.seen_ns >= first->seen_ns + store->lease_ns / 5 * 2) {
            report_watch(store, &now);
            is_reported = true;
        }
        sleep_ns(poll_ns);
    }
}

/* The session that has the lock of $1 and $2; not this one. */
#define LOCK_SQL                                                                                             \
    "FROM pg_locks WHERE locktype = 'advisory' AND database = "                                              \
    "(SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint = $1 AND "         \
    "objid::bigint = ($2::bigint & 4294967295) AND objsubid = 2 AND granted AND pid <> pg_backend_pid()"

/* Ends the holder's session, and takes its lock. Not that of another process that has just taken it, and will
 * raise the epoch. The session may be another account's: then the epoch alone counts. */
static int end_holder(struct store_postgres *store, const struct seen *holder, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    PGresult *rows = NULL, *bad = NULL;
    char text[STORE_HOLDER_SIZE + 32];

    store_holder_show(slice_from(holder->holder), text, sizeof text);
    if (store_holder_is_gone(slice_from(holder->holder)))
        log_warning("the ledger %s is taken over from another run, whose process has ended: %s",
                    store->url.shown, text);
    else
        log_warning(
            "the ledger %s is taken over from another run, which has not renewed its lease for %.3g s: %s",
            store->url.shown, (double)store->lease_ns / (double)CLOCK_NS_PER_S, text);
    add_lock(store, &parameters);
    store_postgres_add_number(&parameters, holder->epoch);
    int result = store_postgres_send_text(
        store, &store->main,
        "SELECT pg_terminate_backend(pid) " LOCK_SQL
        " AND pid = (SELECT backend FROM writer WHERE one = 1 AND epoch = $3::bigint)",
        &parameters, error);
    if (result == 0)
        result = store_postgres_sync(store, &store->main, &rows, 1, &bad, error);
    bool is_lost = result != 0 && store_postgres_is_lost(&store->main, bad);
    if (is_lost)
        store_postgres_fail(store, &store->main, bad, "opened", error);
    PQclear(rows);
    PQclear(bad);
    if (is_lost)
        return -1;
    return store_postgres_lock_soon(store, error) < 0 ? -1 : 0;
}

/* How long the former holder may still send, from the time when its last renewal was seen. */
static uint64_t needed_ms(const struct store_postgres *store, const struct seen *former)
{
    bool is_over = former->is_released || store_holder_is_gone(slice_from(former->holder));
    uint64_t own_ms = is_over ? 0 : store->lease_ns / CLOCK_NS_PER_MS;
    return own_ms > former->waits_ms ? own_ms : former->waits_ms;
}

/* Within the transaction: 1; 0: somebody was faster; -1. */
static int write_epoch(struct store_postgres *store, const struct seen *seen, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    char self[STORE_HOLDER_SIZE];
    struct seen former = {.epoch = 0};
    if (see(store, SEE_SQL " FOR UPDATE", &former, error) != 0)
        return -1;
    if (former.epoch != seen->epoch)
        return 0;
    if (former.epoch < 0 || former.epoch > EPOCH_MAX)
        return store_postgres_fail_damaged(store, error, "the table writer has the epoch %lld",
                                           (long long)former.epoch);
    uint64_t need_ms = needed_ms(store, &former);
    /* Its keeper may have renewed until the row was locked. */
    uint64_t base_ns = former.renewed_at == seen->renewed_at ? seen->seen_ns : former.seen_ns;
    uint64_t need_ns = need_ms * CLOCK_NS_PER_MS;
    store_postgres_add_number(&parameters, former.epoch + 1);
    store_postgres_add_bytes(&parameters, slice_from(store_holder_of_self(self)));
    store_postgres_add_number(&parameters, (int64_t)need_ms);
    uint64_t before_ns = clock_boot_ns();
    if (store_postgres_do_text(
            store,
            "UPDATE writer SET epoch = $1::bigint, holder = $2::text, backend = pg_backend_pid(),"
            " released = false, waits_ms = $3::bigint, renewed_at = clock_timestamp() WHERE one = 1",
            &parameters, error) != 0)
        return -1;
    store->epoch = former.epoch + 1;
    store->from_ns = need_ns > 0 ? base_ns + need_ns + need_ns / 100 : 0; /* clocks differ by less than 1 % */
    atomic_store(&store->until_ns, before_ns + store->lease_ns);
    return 1;
}

static int raise_epoch(struct store_postgres *store, const struct seen *seen, struct error *error)
{
    if (store_postgres_do_text(store, "BEGIN", NULL, error) != 0)
        return -1;
    int result = write_epoch(store, seen, error);
    if (result < 0 || store_postgres_do_text(store, result > 0 ? "COMMIT" : "ROLLBACK", NULL, error) != 0)
        return -1;
    failpoint("lease taken");
    return result;
}

int store_postgres_take(struct store_postgres *store, struct error *error)
{
    struct seen seen = {.epoch = 0};
    failpoint("lease wanted");
    int taken = see(store, SEE_SQL, &seen, error);
    while (taken == 0) {
        int locked = watch_holder(store, &seen, error);
        if (locked < 0 || (locked == 0 && end_holder(store, &seen, error) != 0))
            return -1;
        failpoint("lease free");
        store->main.has_stop = false; /* from here on the row would say that this process writes */
        taken = raise_epoch(store, &seen, error);
        if (taken == 0 && (taken = see(store, SEE_SQL, &seen, error)) == 0 && !seen.is_released)
            /* Its session may lack the lock, because this one has it: the lock does not show that it lives.
             */
            return fail_busy(store, &seen, error);
    }
    return taken > 0 ? 0 : -1;
}

void store_postgres_release(struct store_postgres *store)
{
    struct store_parameters parameters = {.count = 0};
    struct error ignored;
    if (store->epoch == 0 || store->failed || store->has_failed || store->is_open || store->main.is_broken)
        return;
    store_postgres_add_number(&parameters, store->epoch);
    store_postgres_add_number(&parameters, clock_boot_ns() >= store->from_ns ? 0 : 1);
    (void)store_postgres_do_text(store,
                                 "UPDATE writer SET released = true, waits_ms = waits_ms * $2::bigint "
                                 "WHERE one = 1 AND epoch = $1::bigint",
                                 &parameters, &ignored);
}

/* Of a writer that has not given the lease back: whether its session has the lock; and, in ms, since when it
 * has neither renewed nor, in a long transaction, done anything else. A standby has no locks of the primary:
 * there the last renewal decides. For people alone, so the server's clock may be compared with itself. */
#define HOLDER_SQL                                                                                           \
    "SELECT w.epoch, w.holder, NOT w.released AND CASE WHEN pg_is_in_recovery() THEN "                       \
    "clock_timestamp() < w.renewed_at + $3::bigint * interval '1 ms' ELSE EXISTS(SELECT " LOCK_SQL           \
    ") END, CASE WHEN a.state = 'active' THEN 0 ELSE "                                                       \
    "(extract(epoch FROM clock_timestamp() - greatest(w.renewed_at, a.state_change)) * 1000)::bigint END "   \
    "FROM writer w LEFT JOIN pg_stat_activity a ON a.pid = w.backend AND a.backend_start < w.renewed_at "    \
    "WHERE w.one = 1"

int store_postgres_find_holder(struct store *base, struct ledger_holder *holder, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    int64_t lease_ms = (int64_t)(store->lease_ns / CLOCK_NS_PER_MS);
    *holder = (struct ledger_holder){.state = LEDGER_HOLDER_NONE};
    if (store->epoch > 0)
        return 0;
    add_lock(store, &parameters);
    store_postgres_add_number(&parameters, lease_ms);
    PGresult *rows = store_postgres_ask_text(store, HOLDER_SQL, &parameters, error);
    if (!rows)
        return -1;
    if (PQntuples(rows) == 1 && store_postgres_number(rows, 0, 2) != 0) {
        struct slice words = store_postgres_bytes(rows, 0, 1), word = words;
        int64_t silent_ms = store_postgres_number(rows, 0, 3);
        store_holder_show(words, holder->text, sizeof holder->text);
        while (slice_next_item(&words, SLICE_LITERAL(" "), &word))
            continue;
        holder->state = LEDGER_HOLDER_FOUND;
        snprintf(holder->since, sizeof holder->since, "%.*s", (int)word.len, word.data);
        holder->epoch = store_postgres_number(rows, 0, 0);
        holder->silent_ns = silent_ms > lease_ms ? (uint64_t)silent_ms * CLOCK_NS_PER_MS : 0;
    }
    PQclear(rows);
    return 0;
}
