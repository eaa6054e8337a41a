/* ledger_fixture: a ledger in a folder of its own, and short words for what happens to a customer.
 *
 * Thread: one test at a time.
 */
#ifndef KYC_TESTS_LEDGER_FIXTURE_H
#define KYC_TESTS_LEDGER_FIXTURE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ledger/ledger_internal.h"
#include "ledger/ledger_verify.h"
#include "unit/ledger/ledger_file.h"

enum { FIXTURE_MEMBERS = 3, FIXTURE_AT = 1000000 };

struct fixture {
    char folder[32], path[LEDGER_FILE_PATH_SIZE];
    struct ledger_identity identity;
    const struct secret *key; /* of the job; NULL: LEDGER.key */
    struct ledger *ledger;
    struct arena arena;
    struct error error;
};

static inline struct ledger *fixture_open_at(const struct fixture *fixture, const char *path,
                                             enum ledger_mode mode, const struct secret *key,
                                             struct error *error)
{
    const struct ledger_place place = {
        .location = path, .job = fixture->identity.job, .key = ledger_file_key(key)};

    return ledger_open(&place, mode, &fixture->identity, error);
}

static inline bool fixture_exists(const struct fixture *fixture)
{
    const struct ledger_place place = {.location = fixture->path, .job = fixture->identity.job};
    struct error error;

    return ledger_exists(&place, &error) == 1;
}

static inline struct ledger *fixture_try(struct fixture *fixture, enum ledger_mode mode)
{
    fixture->error = (struct error){.scope = ERROR_NONE};
    return fixture_open_at(fixture, fixture->path, mode, fixture->key, &fixture->error);
}

static inline void fixture_open(struct fixture *fixture, enum ledger_mode mode)
{
    fixture->ledger = fixture_try(fixture, mode);
    if (!fixture->ledger)
        fail_msg("the ledger does not open: %s", fixture->error.text);
}

static inline void fixture_close(struct fixture *fixture)
{
    ledger_close(fixture->ledger);
    fixture->ledger = NULL;
}

static inline void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture, LEDGER_WRITE);
}

/* A folder without a ledger. */
static inline int fixture_setup_empty(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/kyc-ledger-XXXXXX");
    ledger_file_make(fixture->folder, fixture->path);
    fixture->identity = (struct ledger_identity){"demo", "payward", SLICE_LITERAL("https://api.example.com")};
    arena_init(&fixture->arena, 4096);
    *state = fixture;
    return 0;
}

/* A ledger in which a run has begun. */
static inline int fixture_setup(void **state)
{
    fixture_setup_empty(state);
    struct fixture *fixture = *state;
    fixture_open(fixture, LEDGER_MAKE);
    assert_int_equal(ledger_begin(fixture->ledger, &fixture->error), 0);
    assert_int_equal(ledger_run_start(fixture->ledger, "run", "1", "abc", FIXTURE_AT, &fixture->error), 0);
    assert_int_equal(ledger_commit(fixture->ledger, &fixture->error), 0);
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    ledger_close(fixture->ledger);
    int left = ledger_file_remove(fixture->folder, fixture->path);
    arena_clear(&fixture->arena);
    free(fixture);
    return left;
}

/* A digest and member digests that are all of one letter per member: "aab" is a, a, b. */
struct fixture_digests {
    uint8_t digest[FINGERPRINT_LEN];
    char members[FIXTURE_MEMBERS * FINGERPRINT_MEMBER_LEN];
};

static inline struct fixture_digests fixture_digests(const char *letters)
{
    struct fixture_digests digests;
    memset(digests.digest, 0, sizeof digests.digest);
    memcpy(digests.digest, letters, FIXTURE_MEMBERS);
    for (size_t i = 0; i < FIXTURE_MEMBERS; i++)
        memset(digests.members + i * FINGERPRINT_MEMBER_LEN, letters[i], FINGERPRINT_MEMBER_LEN);
    return digests;
}

static inline int64_t fixture_journal_at(struct fixture *fixture, int64_t id, const char *key,
                                         enum operation operation, const char *letters, uint64_t at_ns)
{
    struct fixture_digests digests = fixture_digests(letters);
    struct ledger_intent intent = {
        .id = id,
        .external_id = slice_from(key),
        .operation = operation,
        .digest = digests.digest,
        .member_digests = slice_make(digests.members, sizeof digests.members),
        .email_digest = slice_make(digests.members, FINGERPRINT_MEMBER_LEN),
        .at_ns = at_ns,
    };
    if (ledger_journal(fixture->ledger, &intent, &id, &fixture->error))
        fail_msg("journal: %s", fixture->error.text);
    return id;
}

static inline void fixture_begin(struct fixture *fixture)
{
    if (ledger_begin(fixture->ledger, &fixture->error))
        fail_msg("begin: %s", fixture->error.text);
}

static inline void fixture_commit(struct fixture *fixture)
{
    if (ledger_commit(fixture->ledger, &fixture->error))
        fail_msg("commit: %s", fixture->error.text);
}

/* In a transaction of its own. */
static inline int64_t fixture_journal(struct fixture *fixture, int64_t id, const char *key,
                                      enum operation operation, const char *letters)
{
    fixture_begin(fixture);
    id = fixture_journal_at(fixture, id, key, operation, letters, FIXTURE_AT);
    fixture_commit(fixture);
    return id;
}

static inline struct outcome fixture_outcome(enum outcome_kind kind, int status, const char *code,
                                             const char *user_id)
{
    struct outcome outcome = {.kind = kind, .http_status = status};
    snprintf(outcome.code, sizeof outcome.code, "%s", code);
    snprintf(outcome.user_id, sizeof outcome.user_id, "%s", user_id);
    snprintf(outcome.message, sizeof outcome.message, "%s", code);
    snprintf(outcome.request_id, sizeof outcome.request_id, "req-%d", status);
    return outcome;
}

/* One attempt that left, in a transaction of its own. Returns taken. */
static inline bool fixture_result(struct fixture *fixture, int64_t id, enum operation operation,
                                  enum ledger_conclusion conclusion, const struct outcome *outcome,
                                  uint32_t attempt)
{
    struct ledger_result result = {
        .id = id,
        .row = 7,
        .operation = operation,
        .conclusion = conclusion,
        .event = outcome != NULL,
        .outcome = outcome,
        .attempt = attempt,
        .latency_ms = 12,
        .at_ns = FIXTURE_AT + attempt,
    };
    bool taken = true;
    fixture_begin(fixture);
    if (ledger_result(fixture->ledger, &result, &taken, &fixture->error))
        fail_msg("result: %s", fixture->error.text);
    fixture_commit(fixture);
    return taken;
}

/* An update that the provider took but for these members. */
static inline void fixture_left_out(struct fixture *fixture, int64_t id, const struct outcome *outcome,
                                    uint64_t members)
{
    struct ledger_result result = {.id = id,
                                   .row = 7,
                                   .operation = OPERATION_UPDATE,
                                   .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                   .event = true,
                                   .outcome = outcome,
                                   .left_out = members,
                                   .attempt = 1,
                                   .at_ns = FIXTURE_AT + 1};
    bool taken = true;
    fixture_begin(fixture);
    if (ledger_result(fixture->ledger, &result, &taken, &fixture->error))
        fail_msg("result: %s", fixture->error.text);
    fixture_commit(fixture);
    assert_false(taken);
}

/* A customer that the provider has, with these digests. */
static inline int64_t fixture_create(struct fixture *fixture, const char *key, const char *letters,
                                     const char *user_id)
{
    int64_t id = fixture_journal(fixture, 0, key, OPERATION_CREATE, letters);
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", user_id);
    assert_false(fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_ACKNOWLEDGED, &done, 1));
    return id;
}

static inline struct ledger_customer fixture_find(struct fixture *fixture, int64_t id)
{
    struct ledger_customer customer;
    assert_int_equal(ledger_find(fixture->ledger, id, &fixture->arena, &customer, &fixture->error), 1);
    return customer;
}

/* The letters of member digests; `?` for LEDGER_MEMBER_UNKNOWN, `-` for none at all. */
static inline const char *fixture_letters(struct slice members)
{
    static char letters[FIXTURE_MEMBERS + 1];
    if (members.len != FIXTURE_MEMBERS * FINGERPRINT_MEMBER_LEN)
        return "-";
    for (size_t i = 0; i < FIXTURE_MEMBERS; i++) {
        char letter = members.data[i * FINGERPRINT_MEMBER_LEN];
        letters[i] = (uint8_t)letter == LEDGER_MEMBER_UNKNOWN ? '?' : letter;
    }
    return letters;
}

static inline bool fixture_slice_is(struct slice got, const char *want)
{
    return slice_equal(got, slice_from(want));
}

/* SQL of another program, on a connection of its own, outside of a transaction of the ledger: of a database
 * it forgets the rows that it keeps in memory, because nothing else writes one that it has the lease of. */
static inline void fixture_sql(struct fixture *fixture, const char *text)
{
    struct error ignored;
    ledger_file_sql(fixture->path, text);
    if (!ledger_file_server() || !fixture->ledger)
        return;
    store_fail_damaged(fixture->ledger->store, &ignored, "changed by the test");
    assert_int_equal(store_begin(fixture->ledger->store, &ignored), 0);
}

/* The first column of the first row, as a number. */
static inline int64_t fixture_number(struct fixture *fixture, const char *query)
{
    return ledger_file_number(fixture->path, query);
}

static inline void fixture_assert_says(const struct error *error, const char *part)
{
    if (!strstr(error->text, part))
        fail_msg("`%s` does not say `%s`", error->text, part);
}

/* What ledger_verify found: how many of each kind, and the first event, customer and text of each. */
struct fixture_findings {
    struct ledger_verified verified;
    unsigned stats[LEDGER_FINDING_TASK + 1];
    int64_t event[LEDGER_FINDING_TASK + 1], last_event[LEDGER_FINDING_TASK + 1];
    int64_t customer[LEDGER_FINDING_TASK + 1], run[LEDGER_FINDING_TASK + 1], task[LEDGER_FINDING_TASK + 1];
    char key[LEDGER_FINDING_TASK + 1][64], text[LEDGER_FINDING_TASK + 1][512];
};

static inline void fixture_note_finding(void *context, const struct ledger_finding *finding)
{
    struct fixture_findings *findings = context;
    int kind = (int)finding->kind;
    if (findings->stats[kind]++ > 0)
        return;
    findings->event[kind] = finding->event;
    findings->last_event[kind] = finding->last_event;
    findings->customer[kind] = finding->customer;
    findings->run[kind] = finding->run;
    findings->task[kind] = finding->task;
    snprintf(findings->key[kind], sizeof findings->key[kind], "%.*s", (int)finding->external_id.len,
             finding->external_id.len ? finding->external_id.data : "");
    snprintf(findings->text[kind], sizeof findings->text[kind], "%.*s", (int)finding->text.len,
             finding->text.data);
}

static inline struct fixture_findings fixture_verify(struct fixture *fixture, const char *report_head)
{
    struct fixture_findings findings = {.verified = {.findings = 0}};
    if (ledger_verify(fixture->ledger, report_head, fixture_note_finding, &findings, &findings.verified,
                      &fixture->error))
        fail_msg("verify: %s", fixture->error.text);
    return findings;
}

/* Runs what must end the process in a child: true when it ended by SIGABRT. */
static inline bool fixture_aborts(void (*act)(struct fixture *fixture), struct fixture *fixture)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        signal(SIGABRT, SIG_DFL);
        act(fixture);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
