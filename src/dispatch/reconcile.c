#include "dispatch/reconcile.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"
#include "dispatch/reconcile_list.h"
#include "dispatch/reconcile_look_up.h"
#include "model/job_setting.h"

#define WINDOW_MARGIN_NS (3600 * CLOCK_NS_PER_S) /* for a difference of the provider's clock */

enum { HTTP_NOT_FOUND = 404 };

struct reconcile {
    struct reconcile_parts parts;
    const struct recovery *recovery;
    struct listings *listings; /* NULL: nothing is listed at this provider */
};

struct reconcile *reconcile_new(const struct reconcile_parts *parts)
{
    struct reconcile *reconcile = memory_new(1, sizeof *reconcile);

    reconcile->parts = *parts;
    reconcile->recovery = recovery_of(parts->provider);
    if (reconcile->recovery->lists)
        reconcile->listings = listings_new(parts);
    return reconcile;
}

void reconcile_free(struct reconcile *reconcile)
{
    if (!reconcile)
        return;
    listings_free(reconcile->listings);
    free(reconcile);
}

bool reconcile_key_is_known(const struct reconcile *reconcile, const struct task *task,
                            const struct clocks *clocks)
{
    uint64_t real_ns = clock_real_ns(), boot_ns = clock_boot_ns(), sent_ns = task->journalled_ns;
    uint64_t age_ns = task->journalled_boot_ns
                          ? clocks_age_here_ns(sent_ns, task->journalled_boot_ns, real_ns, boot_ns)
                      : task->is_undated ? UINT64_MAX
                                         : clocks_age_ns(clocks, sent_ns, real_ns, boot_ns);
    uint64_t window_ns = job_setting_number(&reconcile->parts.job->provider, SETTING_IDEMPOTENCY_WINDOW);

    return window_ns > WINDOW_MARGIN_NS && age_ns < window_ns - WINDOW_MARGIN_NS;
}

int reconcile_ask(struct reconcile *reconcile, struct task *task, bool earlier, bool *waits,
                  struct error *error)
{
    const struct outcome *outcome = &task->delivery.outcome;
    bool is_named = outcome->kind == OUTCOME_EXISTS && outcome->user_id[0] != '\0';
    struct ledger_customer customer;

    *waits = reconcile->listings != NULL;
    if (*waits) {
        listings_wait(reconcile->listings, task, earlier);
        return 0;
    }
    assert(is_named || reconcile->recovery->looks_up);
    if (ledger_find_known(reconcile->parts.ledger, task->customer, &task->arena, &customer, error) != 0)
        return -1;
    reconcile_drop(task);
    task->question = question_new(&reconcile->parts, &customer);
    if (is_named)
        question_add_named(task->question, outcome->user_id, !reconcile->recovery->looks_up);
    question_ask(task->question, &task->delivery);
    return 0;
}

bool reconcile_has_answer(const struct task *task)
{
    const struct outcome *outcome = &task->delivery.outcome;
    bool is_missing = outcome->kind == OUTCOME_REFUSED && outcome->http_status == HTTP_NOT_FOUND;

    if (task->delivery.call.operation == OPERATION_LOOK_UP)
        return outcome->kind == OUTCOME_DONE;
    return task->delivery.call.operation == OPERATION_FETCH && (outcome->kind == OUTCOME_DONE || is_missing);
}

enum reconcile_answer reconcile_receive(struct task *task, struct reconcile_finding *finding)
{
    enum reconcile_answer answer = question_receive(task->question, &task->delivery);

    if (answer == RECONCILE_FOUND)
        question_find(task->question, finding);
    return answer;
}

void reconcile_ask_next(struct task *task)
{
    question_ask(task->question, &task->delivery);
}

void reconcile_drop(struct task *task)
{
    if (!task->question)
        return;
    question_free(task->question);
    task->question = NULL;
    task->delivery.sink = NULL;
    task->delivery.sink_context = NULL;
}

uint64_t reconcile_list_next_ns(const struct reconcile *reconcile, bool hurry)
{
    return reconcile->listings ? listings_next_ns(reconcile->listings, hurry) : UINT64_MAX;
}

size_t reconcile_list_count(const struct reconcile *reconcile, bool *is_in_flight)
{
    *is_in_flight = false;
    return reconcile->listings ? listings_count(reconcile->listings, is_in_flight) : 0;
}

int reconcile_list_start(struct reconcile *reconcile, bool hurry, struct delivery **listing,
                         struct error *error)
{
    *listing = NULL;
    return reconcile->listings ? listings_start(reconcile->listings, hurry, listing, error) : 0;
}

bool reconcile_is_listing(const struct reconcile *reconcile, const struct delivery *delivery)
{
    return reconcile->listings && listings_has(reconcile->listings, delivery);
}

void reconcile_list_receive(struct reconcile *reconcile, uint64_t random_bits, bool stopping,
                            struct reconcile_list_result *result)
{
    listings_receive(reconcile->listings, random_bits, stopping, result);
}

struct task *reconcile_list_pop(struct reconcile *reconcile)
{
    return listings_pop(reconcile->listings);
}

int reconcile_list_find(struct reconcile *reconcile, struct reconcile_finding *finding, struct error *error)
{
    return listings_find(reconcile->listings, finding, error);
}

struct task *reconcile_list_pop_waiting(struct reconcile *reconcile)
{
    return reconcile->listings ? listings_pop_waiting(reconcile->listings) : NULL;
}
