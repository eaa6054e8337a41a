/* task_fixture: short words for the links and documents of a customer, and the verification of its user.
 *
 * Thread: one test at a time.
 */
#ifndef KYC_TESTS_TASK_FIXTURE_H
#define KYC_TESTS_TASK_FIXTURE_H

#include "ledger/ledger_task.h"
#include "ledger/ledger_verification.h"
#include "unit/ledger/ledger_fixture.h"

/* Between begin and commit. */
static inline int64_t fixture_journal_task_at(struct fixture *fixture, int64_t customer,
                                              enum ledger_task_kind kind, const char *slot,
                                              const char *digest, const char *key, uint64_t at_ns)
{
    const struct ledger_task_intent intent = {.customer = customer,
                                              .kind = kind,
                                              .slot = slice_from(slot),
                                              .digest = slice_from(digest),
                                              .idempotency_key = slice_from(key),
                                              .at_ns = at_ns};
    int64_t id = 0;
    if (ledger_task_journal(fixture->ledger, &intent, &id, &fixture->error) != 0)
        fail_msg("journal: %s", fixture->error.text);
    return id;
}

/* In a transaction of its own, as the next ones. */
static inline int64_t fixture_journal_task(struct fixture *fixture, int64_t customer,
                                           enum ledger_task_kind kind, const char *slot, const char *digest,
                                           const char *key)
{
    fixture_begin(fixture);
    int64_t id = fixture_journal_task_at(fixture, customer, kind, slot, digest, key, FIXTURE_AT);
    fixture_commit(fixture);
    return id;
}

static inline void fixture_task_result(struct fixture *fixture, int64_t id, enum ledger_conclusion conclusion,
                                       const struct outcome *outcome, uint32_t attempt)
{
    const struct ledger_task_result result = {.id = id,
                                              .conclusion = conclusion,
                                              .event = outcome != NULL,
                                              .outcome = outcome,
                                              .attempt = attempt,
                                              .latency_ms = 12,
                                              .at_ns = FIXTURE_AT + attempt};
    fixture_begin(fixture);
    if (ledger_task_result(fixture->ledger, &result, &fixture->error) != 0)
        fail_msg("result: %s", fixture->error.text);
    fixture_commit(fixture);
}

/* Whether it changed. */
static inline bool fixture_verification(struct fixture *fixture, int64_t id, enum verification state,
                                        const char *word, const char *reason, uint64_t at_ns)
{
    const struct ledger_verification verification = {
        .id = id, .state = state, .word = slice_from(word), .reason = slice_from(reason), .at_ns = at_ns};
    bool changed = false;
    fixture_begin(fixture);
    if (ledger_verification(fixture->ledger, &verification, &changed, &fixture->error) != 0)
        fail_msg("verification: %s", fixture->error.text);
    fixture_commit(fixture);
    return changed;
}

static inline struct ledger_task fixture_find_task(struct fixture *fixture, int64_t customer,
                                                   enum ledger_task_kind kind, const char *slot)
{
    struct ledger_task task;
    assert_int_equal(ledger_find_task(fixture->ledger, customer, kind, slice_from(slot), &fixture->arena,
                                      &task, &fixture->error),
                     1);
    return task;
}

#endif
