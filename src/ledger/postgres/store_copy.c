/* store_copy: passes by COPY in its binary format (postgresql.org/docs/current/sql-copy.html, `Binary
 * Format`). A server sends one row in each message, the first one behind the header of the file. */
#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <string.h>

#include "ledger/postgres/store_pass.h"

enum { SQL_MAX = 8192, HEADER_LEN = 11 + 4 + 4 };

static const char signature[11] = "PGCOPY\n\377\r\n";

struct pass {
    struct store_postgres *store;
    bool (*each)(void *context, const struct slice *columns);
    void *context;
    bool has_header, is_ended;
};

static uint32_t read_u32(const char *data)
{
    uint32_t number;

    memcpy(&number, data, sizeof number);
    return be32toh(number);
}

static uint16_t read_u16(const char *data)
{
    uint16_t number;

    memcpy(&number, data, sizeof number);
    return be16toh(number);
}

/* Passes the header of the file: false when it is another one. */
static bool skip_header(struct slice *message)
{
    if (message->len < HEADER_LEN || memcmp(message->data, signature, sizeof signature) != 0)
        return false;
    size_t len = HEADER_LEN + read_u32(message->data + HEADER_LEN - 4);
    if (message->len < len)
        return false;
    *message = slice_skip(*message, len);
    return true;
}

/* False when the message is none that a server sends. */
static bool give_row(struct pass *pass, struct slice message)
{
    struct slice columns[STORE_PASS_COLUMNS_MAX];
    size_t offset = 2;

    if (!pass->has_header) {
        if (!skip_header(&message))
            return false;
        pass->has_header = true;
        if (message.len == 0)
            return true;
    }
    int count = message.len < 2 ? INT16_MAX : (int16_t)read_u16(message.data);
    if (count > STORE_PASS_COLUMNS_MAX)
        return false;
    if (count < 0) /* the end of the file */
        return true;
    for (int i = 0; i < count; i++) {
        if (message.len - offset < 4)
            return false;
        int32_t len = (int32_t)read_u32(message.data + offset);
        offset += 4;
        if (len > 0 && message.len - offset < (size_t)len)
            return false;
        columns[i] = len < 0 ? slice_make(NULL, 0) : slice_make(message.data + offset, (size_t)len);
        offset += len < 0 ? 0 : (size_t)len;
    }
    if (!pass->is_ended)
        pass->is_ended = !pass->each(pass->context, columns);
    return true;
}

/* The next message, which PQfreemem frees: its length, 0 at the end, -1. */
static int receive(struct store_postgres *store, char **message, struct error *error)
{
    PGconn *pg = store->main.pg;
    uint64_t deadline_ns = 0; /* once it must be waited for */
    int len;

    while ((len = PQgetCopyData(pg, message, 1)) == 0) {
        if (deadline_ns == 0)
            deadline_ns = store_postgres_deadline(store, &store->main);
        if (store_postgres_wait(store, &store->main, POLLIN, deadline_ns, error) != 0)
            return -1;
        if (!PQconsumeInput(pg)) {
            store->main.is_broken = true;
            return store_postgres_describe(store, &store->main, NULL, "read", error);
        }
    }
    return len > 0 ? len : 0; /* an error is the next result */
}

/* The rows. 0, or -1: the connection broke. */
static int receive_rows(struct pass *pass, struct error *error)
{
    struct store_postgres *store = pass->store;
    char *message;
    int len;

    while ((len = receive(store, &message, error)) > 0) {
        bool is_row = give_row(pass, slice_make(message, (size_t)len));
        PQfreemem(message);
        if (is_row)
            continue;
        store->main.is_broken = true;
        return store_postgres_set_error(store, "read", "the server's answer to COPY cannot be read",
                                        "connect to PostgreSQL without a program in between that changes it",
                                        error);
    }
    return len;
}

/* The results behind the rows, up to the end of the statement. *bad: the first error, for PQclear. */
static int receive_end(struct store_postgres *store, PGresult **bad, struct error *error)
{
    PGresult *result;

    while (store_postgres_result(store, &store->main, store_postgres_deadline(store, &store->main), &result,
                                 error) == 0) {
        if (!result)
            return *bad ? -1 : 0;
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && !*bad)
            *bad = result;
        else
            PQclear(result);
    }
    return -1;
}

/* Not in pipeline mode. */
static int copy(struct pass *pass, const char *text, PGresult **bad, struct error *error)
{
    struct store_postgres *store = pass->store;
    struct store_connection *connection = &store->main;
    PGresult *first;

    if (!PQsendQuery(connection->pg, text)) {
        connection->is_broken = true;
        return store_postgres_describe(store, connection, NULL, "read", error);
    }
    if (store_postgres_flush(store, connection, store_postgres_deadline(store, &store->main), error) != 0 ||
        store_postgres_result(store, connection, store_postgres_deadline(store, &store->main), &first,
                              error) != 0)
        return -1;
    if (PQresultStatus(first) == PGRES_COPY_OUT) {
        PQclear(first);
        if (receive_rows(pass, error) != 0)
            return -1;
    } else {
        *bad = first;
    }
    return receive_end(store, bad, error);
}

int store_pass_copy(struct store_postgres *store, const char *query,
                    bool (*each)(void *context, const struct slice *columns), void *context,
                    struct error *error)
{
    struct pass pass = {.store = store, .each = each, .context = context};
    struct store_connection *connection = &store->main;
    PGresult *bad = NULL;
    struct buffer text;

    assert(!store->is_copying && "one pass at a time");
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    buffer_init(&text, SQL_MAX);
    buffer_append_text(&text, "COPY (");
    store_postgres_expand(&text, query);
    buffer_append_text(&text, ") TO STDOUT (FORMAT binary)");
    assert(!text.overflowed && connection->sent == 0);
    int left = PQexitPipelineMode(connection->pg);
    assert(left == 1 && "nothing is under way between two calls");
    (void)left;
    store->is_copying = true;
    int result = copy(&pass, text.data, &bad, error);
    store->is_copying = false;
    buffer_clear(&text);
    if (result != 0)
        store_postgres_fail(store, connection, bad, "read", error);
    PQclear(bad);
    if (!connection->is_broken)
        PQenterPipelineMode(connection->pg);
    return result;
}
