#include "dispatch/kept_members.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/json_merge.h"
#include "core/plural.h"
#include "dispatch/dispatcher_state.h"

/* An object of kept members. */
struct object {
    struct json_reader *reader;
    const struct json_node *nodes; /* NULL: there is none */
};

static struct object read_object(struct slice text)
{
    struct json_fault fault;
    size_t count;
    struct object object = {.reader = json_reader_new()};
    object.nodes = text.len > 0 ? json_reader_parse(object.reader, text, &count, &fault) : NULL;
    if (object.nodes && object.nodes[0].kind != JSON_OBJECT)
        object.nodes = NULL;
    return object;
}

static size_t find(const struct object *object, const char *name)
{
    return object->nodes ? json_member(object->nodes, 0, name) : 0;
}

/* The value of a member after this answer. False: it has none. */
static bool write_value(const struct object *stored, const struct object *answer, const char *name,
                        struct buffer *out)
{
    size_t old = find(stored, name), new = find(answer, name);

    if (new != 0 ? answer->nodes[new].kind == JSON_NULL : old == 0)
        return false;
    if (new != 0)
        json_merge_write(out, old != 0 ? stored->nodes : NULL, old, answer->nodes, new);
    else
        json_merge_copy(out, stored->nodes, old, NULL);
    return true;
}

static bool is_named(const char *const *names, struct slice key)
{
    while (*names && !slice_is(key, *names))
        names++;
    return *names;
}

static uint64_t merge(const struct object *stored, const struct object *answer, const char *const *names,
                      char out[OUTCOME_KEPT_SIZE])
{
    uint64_t not_kept = 0;
    struct json_bounded object;

    json_bounded_begin(&object, out, OUTCOME_KEPT_SIZE);
    for (size_t i = 1; stored->nodes && i < stored->nodes[0].end; i = stored->nodes[i].end) {
        if (is_named(names, stored->nodes[i].key))
            continue;
        json_bounded_key(&object, stored->nodes[i].key);
        json_merge_copy(&object.member, stored->nodes, i, NULL);
        json_bounded_add(&object);
    }
    for (size_t i = 0; names[i]; i++) {
        json_bounded_key(&object, slice_from(names[i]));
        if (write_value(stored, answer, names[i], &object.member) && !json_bounded_add(&object))
            not_kept |= UINT64_C(1) << i;
    }
    json_bounded_end(&object);
    return not_kept;
}

void kept_members_add(struct kept_members *kept, const char *const *names, struct slice stored,
                      struct outcome *outcome)
{
    struct object old = read_object(stored), answer = read_object(slice_from(outcome->kept));

    outcome->not_kept |= merge(&old, &answer, names, outcome->kept);
    if (!outcome->kept[0])
        snprintf(outcome->kept, sizeof outcome->kept, LEDGER_KEPT_NOTHING);
    for (size_t i = 0; names[i]; i++) {
        bool is_left_out = outcome->not_kept >> i & 1;
        if (is_left_out || find(&answer, names[i]) != 0)
            kept->seen |= UINT64_C(1) << i;
        kept->not_kept[i] += is_left_out;
    }
    json_reader_free(old.reader);
    json_reader_free(answer.reader);
}

int kept_members_merge(struct dispatcher *dispatcher, struct task *task, const struct task_action *action,
                       struct error *error)
{
    const char *const *names = dispatcher->parts.job->provider.keep;
    struct outcome *recorded = &task->recorded;
    struct ledger_customer customer = {.id = 0};

    if (!names || action->ledger != LEDGER_RESULT_ACKNOWLEDGED || !action->write || dispatcher->failed)
        return 0;
    if (operation_is_question(task->delivery.call.operation)) /* it found the user of a create */
        return 0;
    dispatcher->kept.answers++;
    if (!recorded->kept[0] && !recorded->not_kept)
        return 0;
    if (task->delivery.call.operation == OPERATION_UPDATE &&
        ledger_find_known(dispatcher->parts.ledger, task->customer, &task->arena, &customer, error) != 0)
        return -1;
    kept_members_add(&dispatcher->kept, names, customer.kept, recorded);
    return 0;
}

/* Names that no customer of the ledger has either; a bit for each. */
struct search {
    const char *const *names;
    uint64_t missing;
};

static bool search_customer(void *context, const struct ledger_customer *customer)
{
    struct search *search = context;
    struct object stored = read_object(customer->kept);

    for (size_t i = 0; search->names[i]; i++)
        if (find(&stored, search->names[i]) != 0)
            search->missing &= ~(UINT64_C(1) << i);
    json_reader_free(stored.reader);
    return search->missing != 0;
}

/* The ledger is read only where an answer of this run could have had the name, and none did. */
static uint64_t find_missing(const struct dispatcher *dispatcher, const char *const *names)
{
    struct search search = {.names = names};
    struct error error;

    for (size_t i = 0; names[i]; i++)
        if (!(dispatcher->kept.seen >> i & 1))
            search.missing |= UINT64_C(1) << i;
    if (search.missing &&
        ledger_each_customer(dispatcher->parts.ledger, search_customer, &search, &error) != 0)
        return 0; /* the end of the run meets the same failure, and reports it */
    return search.missing;
}

void kept_members_report(const struct dispatcher *dispatcher)
{
    const struct job *job = dispatcher->parts.job;
    const struct job_provider *provider = &job->provider;
    const struct kept_members *kept = &dispatcher->kept;

    if (!provider->keep || kept->answers == 0 || dispatcher->failed)
        return;
    for (size_t i = 0; provider->keep[i]; i++)
        if (kept->not_kept[i] > 0)
            job_warn(
                job, provider->keep_places ? provider->keep_places[i] : provider->place,
                "`%s` of %" PRIu64
                " customer%s was not kept: with it, the kept members of one would have more than %d bytes\nhint: keep a part of it, as a path with dots, or fewer members",
                provider->keep[i], kept->not_kept[i], plural_s(kept->not_kept[i]), OUTCOME_KEPT_SIZE - 1);
    if (!provider->keep_places) /* the provider's own names are right */
        return;
    uint64_t missing = find_missing(dispatcher, provider->keep);
    for (size_t i = 0; provider->keep[i]; i++)
        if (missing >> i & 1)
            job_warn(
                job, provider->keep_places[i],
                "no answer of the provider has ever had `%s`\nhint: write the name as the answers to a create have it, with dots where it is within another, such as kyc.general.status; or remove it",
                provider->keep[i]);
}
