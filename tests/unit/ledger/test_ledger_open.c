/* The files of a ledger: made, locked, refused, and what is said about it. */
#include "unit/ledger/ledger_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ledger/ledger_holder.h"

static const char *beside(const struct fixture *fixture, const char *suffix)
{
    static char path[LEDGER_FILE_PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_refused(struct fixture *fixture, enum ledger_mode mode, enum error_scope scope,
                           const char *says)
{
    assert_null(fixture_try(fixture, mode));
    fixture_assert_says(&fixture->error, says);
    assert_int_equal(fixture->error.scope, scope);
}

static void a_new_ledger_and_its_files_are_for_their_owner_alone(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    mode_t mask = umask(0);
    assert_false(fixture_exists(fixture));
    fixture_open(fixture, LEDGER_WRITE);
    assert_true(fixture_exists(fixture));
    static const char *const suffixes[] = {"", ".key", ".lock", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        assert_int_equal(mode_of(beside(fixture, suffixes[i])), 0600);
    umask(mask);
    char head[LEDGER_HEAD_SIZE];
    ledger_chain_head(fixture->ledger, head);
    assert_int_equal(strspn(head, "0"), LEDGER_HEAD_SIZE - 1);
    assert_int_equal(fixture_number(fixture, "PRAGMA user_version"), 3);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM meta WHERE (key, value) IN (('job', 'demo'), "
                                    "('provider', 'payward'), ('base_url', 'https://api.example.com'), "
                                    "('schema_version', '3'), ('digest_version', '2'))"),
                     5);
}

static void the_key_is_not_in_the_ledger_and_stays_the_same(void **state)
{
    struct fixture *fixture = *state;
    uint8_t key[FINGERPRINT_KEY_LEN];
    fixture_open(fixture, LEDGER_MAKE);
    memcpy(key, ledger_fingerprint_key(fixture->ledger), sizeof key);
    fixture_reopen(fixture);
    assert_memory_equal(key, ledger_fingerprint_key(fixture->ledger), sizeof key);
    fixture_close(fixture);
    fixture_open(fixture, LEDGER_READ);
    assert_memory_equal(key, ledger_fingerprint_key(fixture->ledger), sizeof key);
}

static void reading_makes_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_null(fixture_try(fixture, LEDGER_READ));
    assert_int_equal(fixture->error.scope, ERROR_NONE);
    assert_int_equal(rmdir(fixture->folder), 0); /* still empty */
    assert_null(fixture_try(fixture, LEDGER_READ));
    assert_int_equal(fixture->error.scope, ERROR_NONE);
    assert_int_equal(mkdir(fixture->folder, 0700), 0);
}

static void a_reader_sees_what_is_committed_while_a_run_writes(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_MAKE);
    int64_t id = fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc");
    fixture_begin(fixture);
    fixture_journal_at(fixture, 0, "C-2", OPERATION_CREATE, "abc", 1);
    struct ledger *reader = fixture_try(fixture, LEDGER_READ);
    assert_non_null(reader);
    struct ledger_customer customer;
    assert_int_equal(ledger_find(reader, id, &fixture->arena, &customer, &fixture->error), 1);
    assert_int_equal(ledger_find(reader, id + 1, &fixture->arena, &customer, &fixture->error), 0);
    fixture_commit(fixture);
    assert_int_equal(ledger_find(reader, id + 1, &fixture->arena, &customer, &fixture->error), 1);
    ledger_close(reader);
}

static void assert_held_by_another_name(struct fixture *fixture)
{
    char link[LEDGER_FILE_PATH_SIZE + 16];
    struct error error;
    snprintf(link, sizeof link, "%s/other", fixture->folder);
    assert_int_equal(symlink(fixture->path, link), 0);
    assert_null(fixture_open_at(fixture, link, LEDGER_WRITE, NULL, &error));
    assert_int_equal(error.scope, ERROR_BUSY);
    unlink(link);
}

/* As a reader sees it. */
static void assert_holder(struct fixture *fixture, enum ledger_holder_state want, const char *text)
{
    struct ledger_holder holder;
    struct ledger *reader = fixture_try(fixture, LEDGER_READ);
    assert_non_null(reader);
    assert_int_equal(ledger_holder_find(reader, &holder, &fixture->error), 0);
    assert_int_equal(holder.state, want);
    assert_non_null(strstr(holder.text, text));
    assert_int_equal(holder.silent_ns, 0);
    ledger_close(reader);
}

static void a_second_run_is_told_who_holds_the_ledger(void **state)
{
    struct fixture *fixture = *state;
    int ready[2], end[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        close(end[1]);
        struct ledger *ledger = fixture_try(fixture, LEDGER_MAKE);
        (void)!write(ready[1], "x", 1);
        char byte;
        (void)!read(end[0], &byte, 1);
        _exit(ledger ? 9 : 1); /* as if killed: nothing is closed */
    }
    char byte, pid[32];
    assert_int_equal(read(ready[0], &byte, 1), 1);
    snprintf(pid, sizeof pid, "process %d, since 20", (int)child);
    assert_refused(fixture, LEDGER_WRITE, ERROR_BUSY, pid);
    assert_holder(fixture, LEDGER_HOLDER_FOUND, pid);
    if (!ledger_file_server())
        assert_held_by_another_name(fixture);
    close(end[1]);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 9);
    close(end[0]);
    close(ready[0]);
    close(ready[1]);
    /* The server ends a session a moment after its client has ended. */
    while (
        ledger_file_server() &&
        fixture_number(fixture, "SELECT count(*) FROM pg_stat_activity a, writer w WHERE a.pid = w.backend"))
        usleep(1000);
    assert_holder(fixture, LEDGER_HOLDER_NONE, "");
    fixture_open(fixture, LEDGER_WRITE);
    struct ledger_holder self;
    assert_int_equal(ledger_holder_find(fixture->ledger, &self, &fixture->error), 0);
    assert_int_equal(self.state, LEDGER_HOLDER_NONE); /* no other process */
}

static void a_run_is_told_from_that_of_another_process(void **state)
{
    static const struct {
        const char *sentence;
        enum ledger_holder_state state;
        int64_t epoch, run_epoch;
        const char *since, *started;
        bool want;
    } cases[] = {
        {"of a file", LEDGER_HOLDER_FOUND, 0, 7, "2026-11-29T02:00:00.000Z", "2026-11-29T02:00:00.000Z",
         true},
        {"of a process that began later", LEDGER_HOLDER_FOUND, 0, 7, "2026-11-29T02:00:00.001Z",
         "2026-11-29T02:00:00.000Z", false},
        {"of a process that is not known", LEDGER_HOLDER_FOUND, 0, 7, "", "2026-11-29T02:00:00.000Z", true},
        {"of its lease", LEDGER_HOLDER_FOUND, 7, 7, "2026-11-29T01:00:00.000Z", "2026-11-29T02:00:00.000Z",
         true},
        {"in a copy, whose leases begin anew", LEDGER_HOLDER_FOUND, 2, 7, "2026-11-29T01:00:00.000Z",
         "2026-11-29T02:00:00.000Z", true},
        {"of an earlier lease, by a clock that is ahead", LEDGER_HOLDER_FOUND, 8, 7,
         "2026-11-29T01:00:00.000Z", "2026-11-29T02:00:00.000Z", false},
        {"nobody", LEDGER_HOLDER_NONE, 0, 7, "", "2026-11-29T02:00:00.000Z", false},
        {"not known", LEDGER_HOLDER_UNKNOWN, 0, 7, "", "2026-11-29T02:00:00.000Z", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ledger_holder holder = {.state = cases[i].state, .epoch = cases[i].epoch};
        struct ledger_run run = {.epoch = cases[i].run_epoch, .started = slice_from(cases[i].started)};
        snprintf(holder.since, sizeof holder.since, "%s", cases[i].since);
        if (ledger_holder_has_run(&holder, &run) != cases[i].want)
            fail_msg("%s", cases[i].sentence);
    }
}

static void a_lost_or_foreign_key_is_refused(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_WRITE);
    fixture_close(fixture);
    char kept[64];
    snprintf(kept, sizeof kept, "%s/kept", fixture->folder);
    assert_int_equal(rename(beside(fixture, ".key"), kept), 0);
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "has lost its digest key");
    assert_refused(fixture, LEDGER_READ, ERROR_LEDGER, "has lost its digest key");
    assert_int_equal(access(beside(fixture, ".key"), F_OK), -1); /* no new one was made */

    write_file(beside(fixture, ".key"), "0000000000000000000000000000000000000000000000000000000000000000\n");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER,
                   "the digest key is not the one that this ledger was created with");
    write_file(beside(fixture, ".key"), "not a key\n");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "64 hexadecimal digits");
    assert_int_equal(rename(kept, beside(fixture, ".key")), 0);
    fixture_open(fixture, LEDGER_WRITE);
}

static void a_key_of_the_job_needs_no_file(void **state)
{
    struct fixture *fixture = *state;
    char text[] = "an invented secret", other[] = "another invented secret";
    const struct secret key = {.data = text, .len = sizeof text - 1};
    const struct secret wrong = {.data = other, .len = sizeof other - 1};
    for (int round = 0; round < 2; round++) {
        fixture->ledger = fixture_open_at(fixture, fixture->path, LEDGER_MAKE, &key, &fixture->error);
        assert_non_null(fixture->ledger);
        fixture_close(fixture);
    }
    assert_int_equal(access(beside(fixture, ".key"), F_OK), -1);
    assert_null(fixture_open_at(fixture, fixture->path, LEDGER_READ, &wrong, &fixture->error));
    fixture_assert_says(&fixture->error, "is not the one that this ledger was created with");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER,
                   ledger_file_server() ? "is not the one that this ledger was created with"
                                        : "has lost its digest key");
}

static void another_job_provider_or_address_is_refused_by_name(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        struct ledger_identity identity;
        const char *says;
    } cases[] = {
        {{"demo2", "payward", SLICE_LITERAL("https://api.example.com")},
         "the job name `demo`, but the job says `demo2`"},
        {{"demo", "kira", SLICE_LITERAL("https://api.example.com")},
         "provider `payward`, but the job says `kira`"},
        {{"demo", "payward", SLICE_LITERAL("https://api.example.org")},
         "base URL `https://api.example.com`, but the job says `https://api.example.org`"},
        {{"demo", "payward", SLICE_LITERAL("")}, "base URL `https://api.example.com`, but the job says ``"},
    };
    fixture_open(fixture, LEDGER_MAKE);
    fixture_journal(fixture, 0, "C-1", OPERATION_CREATE, "abc"); /* whatever becomes of it */
    fixture_close(fixture);
    struct ledger_identity own = fixture->identity;
    /* In a database each job has a schema of its own. */
    for (size_t i = ledger_file_server() ? 1 : 0; i < sizeof cases / sizeof *cases; i++) {
        fixture->identity = cases[i].identity;
        assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, cases[i].says);
        assert_refused(fixture, LEDGER_READ, ERROR_LEDGER, cases[i].says);
    }
    fixture->identity = own;
    fixture_open(fixture, LEDGER_WRITE);
}

static void start_run(struct fixture *fixture)
{
    fixture_begin(fixture);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", FIXTURE_AT, &fixture->error), 0);
    fixture_commit(fixture);
}

/* A first run with a wrong base URL leaves one: nobody exists at that place. */
static void a_ledger_without_customers_becomes_that_of_the_job_that_runs(void **state)
{
    struct fixture *fixture = *state;
    /* In a database each job has a schema of its own: it may have got another provider. */
    bool is_file = !ledger_file_server();
    const struct ledger_identity other = {is_file ? "demo2" : "demo", "kira",
                                          SLICE_LITERAL("https://api.example.org")};
    const char *says = is_file ? "belongs to the job name `demo2`" : "belongs to the provider `kira`";
    const char *owner = is_file ? "SELECT count(*) FROM meta WHERE (key, value) IN (('job', 'demo2'), "
                                  "('provider', 'kira'), ('base_url', 'https://api.example.org'))"
                                : "SELECT count(*) FROM meta WHERE (key, value) IN (('job', 'demo'), "
                                  "('provider', 'kira'), ('base_url', 'https://api.example.org'))";
    fixture_open(fixture, LEDGER_MAKE);
    assert_false(ledger_is_rebound(fixture->ledger));
    start_run(fixture);
    fixture_close(fixture);

    struct ledger_identity own = fixture->identity;
    fixture->identity = other;
    static const enum ledger_mode modes[] = {LEDGER_READ, LEDGER_WRITE};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        fixture_open(fixture, modes[i]);
        assert_true(ledger_is_rebound(fixture->ledger));
        fixture_close(fixture);
        assert_int_equal(fixture_number(fixture, owner), is_file ? 0 : 1); /* opening alone changes nothing */
    }
    fixture_open(fixture, LEDGER_WRITE);
    start_run(fixture);
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_close(fixture);
    assert_int_equal(fixture_number(fixture, owner), 3);
    fixture_open(fixture, LEDGER_WRITE);
    assert_false(ledger_is_rebound(fixture->ledger));
    assert_int_equal(fixture_verify(fixture, "").verified.findings, 0);
    fixture_close(fixture);

    fixture->identity = own;
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, says);
    fixture_sql(fixture, "DELETE FROM customer"); /* lost rows are not the same as none */
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, says);
    assert_refused(fixture, LEDGER_READ, ERROR_LEDGER, says);
    fixture->identity = other;
}

static void what_is_not_a_ledger_is_left_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    if (ledger_file_server()) {
        fixture_sql(fixture, "CREATE SCHEMA kyc_demo; CREATE TABLE kyc_demo.other(a integer)");
        assert_refused(fixture, LEDGER_MAKE, ERROR_LEDGER, "not a ledger of kyc-import");
        assert_int_equal(
            fixture_number(fixture,
                           "SELECT count(*) FROM pg_class WHERE relnamespace = 'kyc_demo'::regnamespace"),
            1);
        return;
    }
    write_file(fixture->path,
               "external_id,email\nC-1,ada@example.com\nand so on, long enough to be a page of text\n"
               "........................................................................\n");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "it is not a ledger");
    unlink(fixture->path);
    fixture_sql(fixture, "CREATE TABLE other(a)");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "not a ledger of kyc-import");
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM sqlite_schema"), 1);
    assert_int_equal(access(beside(fixture, "-wal"), F_OK), -1);
}

static void set_format(struct fixture *fixture, int format)
{
    char text[80];
    snprintf(text, sizeof text,
             ledger_file_server() ? "UPDATE meta SET value = '%d' WHERE key = 'schema_version'"
                                  : "PRAGMA user_version = %d",
             format);
    fixture_sql(fixture, text);
}

static void other_formats_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_MAKE);
    fixture_close(fixture);
    set_format(fixture, 4);
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "has format 4, but this program reads format 3");
    set_format(fixture, 2);
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "has format 2, but this program reads format 3");
    assert_refused(fixture, LEDGER_READ, ERROR_LEDGER, "has format 2, but this program reads format 3");
    set_format(fixture, 3);
    fixture_sql(fixture, "UPDATE meta SET value = '0' WHERE key = 'digest_version'");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "digests of rule 0");
}

/* Their ids would be given to the next customers: --verify would find nothing any more. */
static void missing_rows_at_the_end_are_found_before_a_run(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_MAKE);
    start_run(fixture);
    fixture_create(fixture, "C-1", "abc", "U-1");
    fixture_create(fixture, "C-2", "abc", "U-2");
    fixture_begin(fixture);
    assert_int_equal(ledger_run_finish(fixture->ledger, 0, SLICE_LITERAL("[]"), SLICE_LITERAL("{}"),
                                       FIXTURE_AT, &fixture->error),
                     0);
    fixture_commit(fixture);
    fixture_close(fixture);
    fixture_sql(fixture, "CREATE TABLE kept AS SELECT * FROM customer; DELETE FROM customer WHERE id = 2");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "the row of customer 2 is missing");
    fixture_sql(fixture, "DELETE FROM customer");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "the row of customer 2 is missing");
    fixture_sql(fixture, "INSERT INTO customer SELECT * FROM kept");

    /* In a run that did not end. */
    fixture_open(fixture, LEDGER_WRITE);
    start_run(fixture);
    fixture_create(fixture, "C-3", "abc", "U-3");
    fixture_close(fixture);
    fixture_sql(fixture, "DELETE FROM customer WHERE id = 3");
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "the row of customer 3 is missing");
    fixture_open(fixture, LEDGER_READ); /* for --verify */
}

static void a_making_that_was_cut_short_is_finished(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    write_file(fixture->path, "");
    assert_null(fixture_try(fixture, LEDGER_READ));
    assert_int_equal(fixture->error.scope, ERROR_NONE);
    fixture_open(fixture, LEDGER_WRITE);
    fixture_close(fixture);
    /* The key alone was made. */
    unlink(fixture->path);
    unlink(beside(fixture, "-wal"));
    unlink(beside(fixture, "-shm"));
    fixture_open(fixture, LEDGER_WRITE);
}

static void a_ledger_with_two_names_is_refused(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    char other[LEDGER_FILE_PATH_SIZE + 16];
    struct error error;
    fixture_open(fixture, LEDGER_WRITE);
    fixture_close(fixture);
    snprintf(other, sizeof other, "%s/other", fixture->folder);
    assert_int_equal(link(fixture->path, other), 0);
    assert_refused(fixture, LEDGER_WRITE, ERROR_LEDGER, "ledger has 2 names (hard links)");
    assert_refused(fixture, LEDGER_READ, ERROR_LEDGER, "ledger has 2 names (hard links)");
    assert_null(fixture_open_at(fixture, other, LEDGER_READ, NULL, &error));
    fixture_assert_says(&error, "other has 2 names");
    unlink(other);
    fixture_open(fixture, LEDGER_WRITE);
}

static void a_missing_folder_is_named(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    size_t len = strlen(fixture->folder);
    snprintf(fixture->folder + len, sizeof fixture->folder - len, "/none");
    struct error error;
    char path[LEDGER_FILE_PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/ledger", fixture->folder);
    assert_null(fixture_open_at(fixture, path, LEDGER_WRITE, NULL, &error));
    assert_int_equal(error.scope, ERROR_LEDGER);
    fixture_assert_says(&error, fixture->folder);
    fixture_assert_says(&error, "No such file or directory");
    *strrchr(fixture->folder, '/') = '\0';
}

static void a_damaged_page_is_an_error_with_a_way_out(void **state)
{
    ledger_file_only();
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_WRITE);
    fixture_begin(fixture);
    for (int i = 0; i < 500; i++) {
        char key[16];
        snprintf(key, sizeof key, "C-%d", i);
        fixture_journal_at(fixture, 0, key, OPERATION_CREATE, "abc", 1);
    }
    fixture_commit(fixture);
    fixture_close(fixture);
    int fd = open(fixture->path, O_WRONLY);
    static const char noise[4096] = {1, 2, 3};
    for (off_t page = 2; page < 40; page++)
        assert_true(pwrite(fd, noise, sizeof noise, page * 4096) > 0);
    close(fd);
    struct ledger *ledger = fixture_try(fixture, LEDGER_WRITE);
    if (ledger) {
        struct ledger_customer customer;
        assert_int_equal(ledger_find(ledger, 1, &fixture->arena, &customer, &fixture->error), -1);
        ledger_close(ledger);
    }
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
    fixture_assert_says(&fixture->error, "it is damaged");
    fixture_assert_says(&fixture->error, "backup");
}

/* In a child, whose limit goes with it: 0 all is well, else the line that failed. */
static int run_into_the_limit(struct fixture *fixture)
{
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return __LINE__ & 0x7f;                                                                          \
    } while (0)
    struct rlimit limit = {.rlim_cur = 256 * 1024, .rlim_max = RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    fixture->ledger = fixture_try(fixture, LEDGER_WRITE);
    MUST(fixture->ledger && setrlimit(RLIMIT_FSIZE, &limit) == 0);
    int committed = 0;
    struct fixture_digests digests = fixture_digests("abc");
    for (int i = 0; i < 100000; i++) {
        char key[16];
        snprintf(key, sizeof key, "C-%d", i);
        struct ledger_intent intent = {.external_id = slice_from(key),
                                       .operation = OPERATION_CREATE,
                                       .digest = digests.digest,
                                       .member_digests = slice_make(digests.members, sizeof digests.members),
                                       .at_ns = 1};
        struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", key);
        struct ledger_result result = {
            .conclusion = LEDGER_RESULT_ACKNOWLEDGED, .event = true, .outcome = &done, .at_ns = 1};
        bool taken;
        MUST(ledger_begin(fixture->ledger, &fixture->error) == 0);
        if (ledger_journal(fixture->ledger, &intent, &result.id, &fixture->error) ||
            ledger_result(fixture->ledger, &result, &taken, &fixture->error) ||
            ledger_commit(fixture->ledger, &fixture->error))
            break;
        committed++;
    }
    MUST(fixture->error.scope == ERROR_LEDGER);
    MUST(strstr(fixture->error.text, fixture->path) && strstr(fixture->error.text, "limit"));
    /* Nothing more is written in this transaction… */
    struct ledger_intent intent = {.external_id = SLICE_LITERAL("X"),
                                   .operation = OPERATION_CREATE,
                                   .digest = digests.digest,
                                   .member_digests = slice_make(digests.members, sizeof digests.members),
                                   .at_ns = 1};
    int64_t id;
    MUST(ledger_journal(fixture->ledger, &intent, &id, &fixture->error) != 0);
    MUST(ledger_commit(fixture->ledger, &fixture->error) != 0);
    /* … and with room again the next one goes on. */
    limit.rlim_cur = RLIM_INFINITY;
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    MUST(ledger_begin(fixture->ledger, &fixture->error) == 0);
    MUST(ledger_journal(fixture->ledger, &intent, &id, &fixture->error) == 0);
    MUST(ledger_commit(fixture->ledger, &fixture->error) == 0);
    fixture_create(fixture, "Y", "abc", "U-Y");
    MUST(fixture_verify(fixture, "").verified.findings == 0);
    MUST(committed > 10 && fixture_number(fixture, "SELECT count(*) FROM customer") == committed + 2);
    fixture_close(fixture);
    return 0;
}

static void a_full_disk_names_the_file_and_loses_nothing(void **state)
{
    ledger_file_only();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(run_into_the_limit(*state));
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    fixture_open(*state, LEDGER_WRITE);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, fixture_setup_empty, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN(a_new_ledger_and_its_files_are_for_their_owner_alone),
        OPEN(the_key_is_not_in_the_ledger_and_stays_the_same),
        OPEN(reading_makes_nothing),
        OPEN(a_reader_sees_what_is_committed_while_a_run_writes),
        OPEN(a_second_run_is_told_who_holds_the_ledger),
        OPEN(a_run_is_told_from_that_of_another_process),
        OPEN(a_lost_or_foreign_key_is_refused),
        OPEN(a_key_of_the_job_needs_no_file),
        OPEN(another_job_provider_or_address_is_refused_by_name),
        OPEN(a_ledger_without_customers_becomes_that_of_the_job_that_runs),
        OPEN(what_is_not_a_ledger_is_left_as_it_is),
        OPEN(other_formats_are_told_apart),
        OPEN(missing_rows_at_the_end_are_found_before_a_run),
        OPEN(a_making_that_was_cut_short_is_finished),
        OPEN(a_ledger_with_two_names_is_refused),
        OPEN(a_missing_folder_is_named),
        OPEN(a_damaged_page_is_an_error_with_a_way_out),
        OPEN(a_full_disk_names_the_file_and_loses_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_open", tests, NULL, NULL);
}
