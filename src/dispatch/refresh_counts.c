#include "dispatch/refresh_counts.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "ledger/ledger_verification.h"

enum { ARENA_CHUNK = 4096 };

static void count_reason(struct refresh_stats *stats, const struct ledger_customer *customer)
{
    struct refresh_reason *reason = stats->reasons;

    while (
        reason < stats->reasons + stats->reason_count &&
        !(reason->state == customer->verification && slice_is(customer->verification_reason, reason->text)))
        reason++;
    if (reason == stats->reasons + REFRESH_REASONS_MAX) {
        stats->other_reasons++;
        return;
    }
    if (reason == stats->reasons + stats->reason_count) {
        stats->reason_count++;
        reason->state = customer->verification;
        text_format(reason->text, sizeof reason->text, "%.*s", (int)customer->verification_reason.len,
                    customer->verification_reason.data);
    }
    reason->customers++;
}

/* Those that need action before those that are rejected, then most customers first. */
static int compare_reasons(const void *left, const void *right)
{
    const struct refresh_reason *a = left, *b = right;

    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->customers != b->customers)
        return a->customers > b->customers ? -1 : 1;
    return strcmp(a->text, b->text);
}

static int read_reasons(struct ledger *ledger, struct refresh_stats *stats, struct error *error)
{
    struct ledger_selection selection = {
        .states = 1 << VERIFICATION_ACTION_NEEDED | 1 << VERIFICATION_REJECTED, .read_before_ns = UINT64_MAX};
    struct ledger_customer customer;
    struct arena arena;
    uint64_t read_at_ns;
    int found;

    arena_init(&arena, ARENA_CHUNK);
    while ((found = ledger_next_reading(ledger, &selection, &arena, &customer, &read_at_ns, error)) == 1) {
        selection.after = customer.id;
        count_reason(stats, &customer);
        arena_reset(&arena);
    }
    arena_clear(&arena);
    qsort(stats->reasons, stats->reason_count, sizeof *stats->reasons, compare_reasons);
    return found;
}

int refresh_counts_read(struct ledger *ledger, struct refresh_stats *stats, struct error *error)
{
    struct ledger_verification_counts counts;

    if (ledger_count_verification(ledger, stats->since_ns ? stats->since_ns : 1, &counts, error) != 0)
        return -1;
    memcpy(stats->customers, counts.states, sizeof counts.states);
    memcpy(stats->changed, counts.changed, sizeof counts.changed);
    stats->customers[REFRESH_DELETED] = counts.deleted;
    stats->changed[REFRESH_DELETED] = counts.changed_to_deleted;
    return read_reasons(ledger, stats, error);
}

int refresh_counts_read_run(struct ledger *ledger, struct run_stats *stats, struct error *error)
{
    struct ledger_verification_counts counts;
    bool may_be_known;

    if (ledger_verification_is_known(ledger, &may_be_known, error) != 0)
        return -1;
    if (!may_be_known)
        return 0;
    if (ledger_count_verification(ledger, UINT64_MAX, &counts, error) != 0)
        return -1;
    memcpy(stats->verification.customers, counts.states, sizeof counts.states);
    stats->verification.customers[REFRESH_DELETED] = counts.deleted;
    stats->verification.is_known = counts.users > counts.states[VERIFICATION_UNKNOWN];
    return 0;
}
