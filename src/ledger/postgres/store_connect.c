/* store_connect: one connection. Everything is given to libpq explicitly, so that neither its environment
 * variables nor its files in the home directory weaken a check. */
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_share.h"

enum { NUMBER_SIZE = 16, FACT_MAX = 512, ACCOUNT_SIZE = 64, VERSION_MIN = 130000 };

/* In the search path. */
#define AFTER_SCHEMA ",pg_temp"

/* A path that cannot exist. Of /dev/null itself libpq warns on standard error. */
#define NO_FILE "/dev/null/none"

int store_postgres_name(struct store_postgres *store, const struct ledger_place *place, struct error *error)
{
    const char *fault;
    int len = snprintf(store->schema, sizeof store->schema, "kyc_%s", place->job);

    store->url_text = memory_copy(slice_from(place->location));
    if (postgres_url_read(&store->url, place->location, &fault) != 0)
        return error_set(error, ERROR_USAGE, "the URL of the ledger %s", fault);
    if ((size_t)len >= sizeof store->schema)
        return error_set(
            error, ERROR_USAGE,
            "the job's name is longer than 59 characters, which is too long for a schema of PostgreSQL\nhint: shorten job");
    for (char *byte = store->schema; *byte != '\0'; byte++)
        if (*byte == '-')
            *byte = '_';
    if (strcmp(store->schema, STORE_SHARE_SCHEMA) == 0)
        return error_set(
            error, ERROR_USAGE,
            "a job with a ledger in PostgreSQL may not be called `shared`: the schema " STORE_SHARE_SCHEMA
            " is that of shared accounts\nhint: give the job another name");
    snprintf(store->application, sizeof store->application, "kyc-import %s", place->job);
    if (place->password && place->password->data)
        store->password = (struct secret){
            .data = memory_wiped_copy(place->password->data),
            .len = place->password->len,
        };
    return 0;
}

/* libpq 15 does not find the system's certificates by itself. */
static const char *find_ca_bundle(void)
{
    static const char *const paths[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                        "/etc/ssl/cert.pem"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (access(paths[i], R_OK) == 0)
            return paths[i];
    return NULL;
}

/* The account of this process, as libpq would choose it without PGUSER; "": it has no name. */
static void find_account(char name[ACCOUNT_SIZE])
{
    char bytes[1024];
    struct passwd entry, *found = NULL;
    name[0] = '\0';
    if (getpwuid_r(geteuid(), &entry, bytes, sizeof bytes, &found) == 0 && found)
        snprintf(name, ACCOUNT_SIZE, "%s", found->pw_name);
}

/* What is not given to libpq, and an empty text is as none, it takes from the environment: a password, an
 * account, settings for the session that the server may refuse. The job's own secrets are read by then. */
static void clear_environment(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): the first connection is made before another thread looks there */
    unsetenv("PGPASSWORD"); /* first: the defaults would be a copy of it */
    PQconninfoOption *options = PQconndefaults();
    for (const PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->envvar)
            unsetenv(option->envvar);
    PQconninfoFree(options);
    unsetenv("PGTZ");
    unsetenv("PGDATESTYLE");
    unsetenv("PGGEQO");
    /* NOLINTEND(concurrency-mt-unsafe) */
}

/* What these name would come before what is given here: another server than the one whose host was checked.
 */
static int check_and_clear_environment(const struct store_postgres *store, struct error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const char *const names[] = {"PGHOSTADDR", "PGSERVICE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i])) /* NOLINT(concurrency-mt-unsafe): nothing changes the environment then */
            return error_set(
                error, ERROR_LEDGER,
                "the ledger %s cannot be opened: the environment variable %s would choose another server\nhint: unset it",
                store->url.shown, names[i]);
    pthread_once(&once, clear_environment);
    return 0;
}

enum { SETTINGS_MAX = 32 };
struct settings {
    const char *names[SETTINGS_MAX], *values[SETTINGS_MAX];
    size_t count;
    char timeout[NUMBER_SIZE], user_timeout[NUMBER_SIZE], account[ACCOUNT_SIZE];
    char options[STORE_POSTGRES_SCHEMA_SIZE + 64];
};

static void add_setting(struct settings *settings, const char *name, const char *value)
{
    assert(settings->count + 1 < SETTINGS_MAX && "a NULL ends them");
    settings->names[settings->count] = name;
    settings->values[settings->count++] = value;
}

static int add_tls(const struct store_postgres *store, struct settings *settings, struct error *error)
{
    const char *ca_path = store->url.ca_path ? store->url.ca_path : find_ca_bundle();
    if (!store->url.is_local && !ca_path)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be opened: this machine has no file of CA certificates to check the server with\nhint: install ca-certificates, or add ?sslrootcert=PATH to the job's ledger",
            store->url.shown);
    add_setting(settings, "sslmode", store->url.is_local ? "prefer" : "verify-full");
    add_setting(settings, "sslrootcert", store->url.is_local ? NO_FILE : ca_path);
    add_setting(settings, "sslcert", store->url.cert_path ? store->url.cert_path : NO_FILE);
    add_setting(settings, "sslkey", store->url.key_path ? store->url.key_path : NO_FILE);
    add_setting(settings, "sslcrl", NO_FILE);
    add_setting(settings, "ssl_min_protocol_version", "TLSv1.2");
    return 0;
}

/* All but host and port. */
static int make_settings(const struct store_postgres *store, enum ledger_mode mode, struct settings *settings,
                         struct error *error)
{
    snprintf(settings->timeout, sizeof settings->timeout, "%u", store->url.connect_timeout_s);
    snprintf(settings->user_timeout, sizeof settings->user_timeout, "%u",
             (unsigned)(store->lease_ns / CLOCK_NS_PER_MS));
    snprintf(settings->options, sizeof settings->options,
             "-c search_path=%s" AFTER_SCHEMA " -c client_min_messages=warning", store->schema);
    find_account(settings->account);
    add_setting(settings, "user", store->url.user[0] != '\0' ? store->url.user : settings->account);
    if (store->password.data)
        add_setting(settings, "password", store->password.data);
    add_setting(settings, "dbname", store->url.database);
    add_setting(settings, "passfile", NO_FILE);
    add_setting(settings, "connect_timeout", settings->timeout);
    add_setting(settings, "client_encoding", "UTF8");
    add_setting(settings, "application_name", store->application);
    add_setting(settings, "gssencmode", "disable");
    add_setting(settings, "channel_binding", "prefer");
    add_setting(settings, "target_session_attrs", mode == LEDGER_READ ? "any" : "read-write");
    add_setting(settings, "keepalives", "1");
    add_setting(settings, "keepalives_idle", "5");
    add_setting(settings, "keepalives_interval", "2");
    add_setting(settings, "keepalives_count", "3");
    add_setting(settings, "tcp_user_timeout", settings->user_timeout);
    add_setting(settings, "options", settings->options);
    return add_tls(store, settings, error);
}

static const char unreachable_hint[] =
    "check that the server runs and can be reached from here, and the job's ledger";

/* One line of it. libpq repeats a line when it has tried the same without TLS, and its advice about sslmode
 * is of no use here. */
static void make_fact(const char *message, char fact[FACT_MAX])
{
    struct slice rest = slice_from(message), line, last = SLICE_LITERAL("");
    size_t len = 0;
    while (slice_next_item(&rest, SLICE_LITERAL("\n"), &line)) {
        line = text_trim(line);
        if (line.len == 0 || slice_equal(line, last) || slice_begins_with(line, "Either provide the file"))
            continue;
        last = line;
        if (len > 0 && len + 2 < FACT_MAX) {
            fact[len++] = ';';
            fact[len++] = ' ';
        }
        for (size_t i = 0; i < line.len && len + 1 < FACT_MAX; i++)
            if ((unsigned char)line.data[i] > ' ' || (len > 0 && fact[len - 1] != ' '))
                fact[len++] = (unsigned char)line.data[i] > ' ' ? line.data[i] : ' ';
    }
    fact[len] = '\0';
}

/* The parts of libpq's message about a connection are of the network and the server, never of a row. */
static int fail_to_connect(const struct store_postgres *store, const struct store_connection *connection,
                           struct error *error)
{
    char fact[FACT_MAX];
    const char *hint = unreachable_hint;
    make_fact(connection->pg ? PQerrorMessage(connection->pg) : "there is not enough memory", fact);
    if (strstr(fact, "no password supplied"))
        hint =
            "set ledger_password in the job, and the variable or file that it names; kyc-import probe JOB shows what is wrong with it";
    else if (strstr(fact, "password"))
        hint = "check that the server has the user that the job's ledger names, and ledger_password";
    else if (strstr(fact, "pg_hba.conf"))
        hint = "let the server admit this account from here (pg_hba.conf)";
    else if (strstr(fact, "does not support SSL"))
        hint =
            "set ssl = on at the server (postgresql.conf), with a certificate for this host: without TLS only a server on this machine is used, by 127.0.0.1 or localhost";
    else if (strstr(fact, "root certificate file"))
        hint = "name the file of the certificates that are trusted by ?sslrootcert=/PATH in the job's ledger";
    else if (strstr(fact, "certificate") || strstr(fact, "SSL"))
        hint =
            "check the server's certificate: it must be for this host, and of a CA that sslrootcert names or this machine trusts";
    else if (strstr(fact, "read-only"))
        hint = "name the primary in the job's ledger, or both: postgresql://USER@HOST1,HOST2/DATABASE";
    else if (strstr(fact, "does not exist"))
        hint = "check the names in the job's ledger, or create the account and the database";
    else if (strstr(fact, "FATAL:"))
        hint = "the server refuses the connection: see its reason above, and its log";
    return store_postgres_set_error(store, "reached", fact, hint, error);
}

static int fail_silent(const struct store_postgres *store, const char *host, struct error *error)
{
    char fact[FACT_MAX];
    snprintf(fact, sizeof fact, "the server does not answer (%s)", host);
    return store_postgres_set_error(store, "reached", fact, unreachable_hint, error);
}

/* The failures of several hosts, with the hint of the first one that is more than "cannot be reached". */
static void add_failure(struct error *all, const struct error *next)
{
    static const char begin[] = "cannot be reached: ";
    size_t len = text_find_hint(slice_make(all->text, strlen(all->text))),
           next_len = text_find_hint(slice_make(next->text, strlen(next->text)));
    const char *fact = strstr(next->text, begin), *hint = all->text + len;
    if (!fact || (size_t)(fact - next->text) > next_len)
        return;
    fact += sizeof begin - 1;
    if (strstr(hint, unreachable_hint))
        hint = next->text + next_len;
    error_set(all, ERROR_LEDGER, "%.*s; %.*s%s", (int)len, all->text, (int)(next->text + next_len - fact),
              fact, hint);
}

/* What the server remarks: libpq would write it to standard error. That the wait of a commit for a standby
 * was canceled (pg_cancel_backend) is nothing but a remark: the commit is reported as done. */
static void take_notice(void *context, const PGresult *notice)
{
    struct store_connection *connection = context;
    const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    if (function && strcmp(function, "SyncRepWaitForLSN") == 0)
        connection->is_unconfirmed = true;
}

static int connect_to(const struct store_postgres *store, struct store_connection *connection,
                      struct settings *settings, const char *host, uint64_t deadline_ns, struct error *error)
{
    uint64_t by_ns = clock_boot_ns() + store->url.connect_timeout_s * CLOCK_NS_PER_S;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (deadline_ns != 0 && deadline_ns < by_ns)
        by_ns = deadline_ns;
    settings->names[settings->count] = NULL;
    connection->pg = PQconnectStartParams(settings->names, settings->values, 0);
    if (!connection->pg || PQstatus(connection->pg) == CONNECTION_BAD)
        return fail_to_connect(store, connection, error);
    PQsetNoticeReceiver(connection->pg, take_notice, connection);
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED)
            return fail_to_connect(store, connection, error);
        if (store_postgres_wait(store, connection, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, by_ns,
                                error) != 0 &&
            error->scope == ERROR_INTERRUPTED)
            return -1;
        if (clock_boot_ns() >= by_ns)
            return fail_silent(store, host, error);
        state = PQconnectPoll(connection->pg);
    }
    return PQsetnonblocking(connection->pg, 1) == 0 && PQenterPipelineMode(connection->pg) == 1
               ? 0
               : fail_to_connect(store, connection, error);
}

/* Each host in turn: libpq, which does not block here, would wait for the first one alone. */
static int connect_to_first(const struct store_postgres *store, struct store_connection *connection,
                            struct settings *settings, uint64_t deadline_ns, struct error *error)
{
    struct slice hosts = slice_from(store->url.hosts), ports = slice_from(store->url.ports), host, port;
    struct error all = {.scope = ERROR_NONE};
    int result = -1;
    while (result != 0 && slice_next_item(&hosts, SLICE_LITERAL(","), &host) &&
           slice_next_item(&ports, SLICE_LITERAL(","), &port)) {
        char *texts[] = {memory_copy(host), memory_copy(port)};
        struct settings here = *settings;
        add_setting(&here, "host", texts[0]);
        add_setting(&here, "port", texts[1]);
        store_postgres_disconnect(connection);
        result = connect_to(store, connection, &here, texts[0], deadline_ns, error);
        free(texts[0]);
        free(texts[1]);
        if (result != 0 && error->scope == ERROR_INTERRUPTED)
            return -1;
        if (result != 0 && all.scope != ERROR_NONE)
            add_failure(&all, error);
        else if (result != 0)
            all = *error;
    }
    if (result != 0)
        *error = all;
    return result;
}

/* In this order; a role or a database may have other defaults. Plans are made anew each time: one that was
 * made for an empty table reads the whole table for each commit of the first night. */
enum {
    SEEN_ENCODING,
    SEEN_COMMIT,
    SEEN_STANDBY_NAMES,
    SEEN_FSYNC,
    SEEN_RECOVERY,
    SEEN_STANDBY,
    SEEN_SEARCH_PATH,
};
static const char session_sql[] =
    "SELECT current_setting('server_encoding'),"
    " current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),"
    " current_setting('fsync'), pg_is_in_recovery()::text, EXISTS(SELECT FROM pg_stat_replication)::text,"
    " current_setting('search_path'), set_config('idle_in_transaction_session_timeout', $1::text, false),"
    " set_config('lock_timeout', $2::text, false), set_config('statement_timeout', '0', false),"
    " set_config('row_security', 'off', false), set_config('jit', 'off', false),"
    " set_config('cursor_tuple_fraction', '1', false),"
    " set_config('plan_cache_mode', 'force_custom_plan', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    /* As it was seen: a new setting of the server would apply to sessions that run, too. */
    " set_config('synchronous_commit', current_setting('synchronous_commit'), false),"
    /* What our texts and the definitions that are compared with them are written in. */
    " set_config('standard_conforming_strings', 'on', false),"
    " set_config('quote_all_identifiers', 'off', false), "
    /* Refused where the server's system cannot tell of a closed connection. */
    "CASE WHEN current_setting('server_version_num')::int >= 140000 AND version() LIKE '%linux%' THEN "
    "set_config('client_connection_check_interval', '1000', false) END, "
    "CASE WHEN current_setting('server_version_num')::int >= 140000 THEN "
    "set_config('idle_session_timeout', '0', false) END, "
    "CASE WHEN current_setting('server_version_num')::int >= 170000 THEN "
    "set_config('transaction_timeout', '0', false) END";

static bool is_seen(const PGresult *rows, int column, const char *text)
{
    return strcmp(PQgetvalue(rows, 0, column), text) == 0;
}

static int check_session(const struct store_postgres *store, struct store_connection *connection,
                         enum ledger_mode mode, const PGresult *rows, struct error *error)
{
    char search_path[STORE_POSTGRES_SCHEMA_SIZE + sizeof AFTER_SCHEMA];
    snprintf(search_path, sizeof search_path, "%s" AFTER_SCHEMA, store->schema);
    if (!is_seen(rows, SEEN_SEARCH_PATH, search_path))
        return store_postgres_set_error(
            store, "opened",
            "the server does not have the options of the connection: a program in between has dropped them",
            "connect to PostgreSQL directly, without a pooler in between", error);
    if (!is_seen(rows, SEEN_ENCODING, "UTF8"))
        return store_postgres_set_error(store, "opened", "the encoding of the database is not UTF8",
                                        "create a database with ENCODING 'UTF8' TEMPLATE template0", error);
    if (mode == LEDGER_READ)
        return 0;
    if (is_seen(rows, SEEN_RECOVERY, "true"))
        return store_postgres_set_error(
            store, "opened", "the server is a standby",
            "name the primary in the job's ledger, or both: postgresql://USER@HOST1,HOST2/DATABASE", error);
    if (!is_seen(rows, SEEN_COMMIT, "on") && !is_seen(rows, SEEN_COMMIT, "remote_apply"))
        return store_postgres_set_error(
            store, "opened",
            "the database may forget commits when its server stops (synchronous_commit is not on)",
            "ALTER ROLE … SET synchronous_commit = on, for the role or database that has set it", error);
    connection->has_no_fsync = !is_seen(rows, SEEN_FSYNC, "on");
    connection->has_unsynced_standby =
        is_seen(rows, SEEN_STANDBY, "true") && is_seen(rows, SEEN_STANDBY_NAMES, "");
    return 0;
}

static int set_session(const struct store_postgres *store, struct store_connection *connection,
                       enum ledger_mode mode, struct error *error)
{
    char lease[NUMBER_SIZE];
    struct store_parameters parameters = {.count = 0};
    PGresult *rows = NULL, *bad = NULL;
    /* Before any question: an older server does not know some of the settings. */
    if (PQserverVersion(connection->pg) < VERSION_MIN)
        return store_postgres_set_error(store, "opened", "the server is older than PostgreSQL 13",
                                        "use PostgreSQL 13 or later", error);
    snprintf(lease, sizeof lease, "%u", (unsigned)(store->lease_ns / CLOCK_NS_PER_MS));
    /* `results | less` may wait for a person in its transaction. */
    store_postgres_add_bytes(&parameters, slice_from(mode == LEDGER_READ ? "0" : lease));
    store_postgres_add_bytes(&parameters, slice_from(lease));
    int result = store_postgres_send_text(store, connection, session_sql, &parameters, error);
    if (result == 0)
        result = store_postgres_sync(store, connection, &rows, 1, &bad, error);
    if (result == 0)
        result = check_session(store, connection, mode, rows, error);
    else if (bad)
        store_postgres_describe(store, connection, bad, "opened", error);
    PQclear(rows);
    PQclear(bad);
    return result;
}

int store_postgres_connect(const struct store_postgres *store, struct store_connection *connection,
                           enum ledger_mode mode, uint64_t deadline_ns, struct error *error)
{
    struct settings settings = {.count = 0};
    if (check_and_clear_environment(store, error) == 0 && make_settings(store, mode, &settings, error) == 0 &&
        connect_to_first(store, connection, &settings, deadline_ns, error) == 0 &&
        set_session(store, connection, mode, error) == 0)
        return 0;
    store_postgres_disconnect(connection);
    return -1;
}

void store_postgres_disconnect(struct store_connection *connection)
{
    bool has_stop = connection->has_stop;
    int stop_fd = connection->stop_fd;
    PQfinish(connection->pg);
    *connection = (struct store_connection){.has_stop = has_stop, .stop_fd = stop_fd};
}
