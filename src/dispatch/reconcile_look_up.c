#include "dispatch/reconcile_look_up.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/ascii.h"
#include "core/buffer.h"
#include "core/json.h"
#include "core/memory.h"
#include "dispatch/match.h"
#include "provider/remote_user.h"

enum { ARENA_CHUNK = 4096 };

struct question {
    const struct reconcile_parts *parts;
    struct arena arena;
    struct slice external_id;
    struct match_digests journalled;
    struct json_reader *reader;
    struct buffer body;
    struct {
        const char *id;
        unsigned listed; /* the spelling under which it was listed last; 0: none */
    } hits[QUESTION_HITS_MAX];
    size_t hit_count, hit_at;
    bool lower; /* the pages are those of the lower-case e-mail */
    uint32_t offset, pages;
    uint64_t total; /* the largest total of a page */
    bool all_pages;
    struct question_counts counts;
    const char *user_id; /* ours */
};

struct question *question_new(const struct reconcile_parts *parts, const struct ledger_customer *customer)
{
    struct question *question = memory_new(1, sizeof *question);

    question->parts = parts;
    arena_init(&question->arena, ARENA_CHUNK);
    question->external_id = arena_copy(&question->arena, customer->external_id);
    question->journalled.members = arena_copy(&question->arena, customer->pending_member_digests);
    question->journalled.email = arena_copy(&question->arena, customer->pending_email_digest);
    question->reader = json_reader_new();
    buffer_init(&question->body, QUESTION_BODY_MAX);
    return question;
}

void question_add_named(struct question *question, const char *user_id, bool alone)
{
    question->hits[0].id = arena_copy(&question->arena, slice_from(user_id)).data;
    question->hit_count = 1;
    question->all_pages = alone;
}

void question_free(struct question *question)
{
    if (!question)
        return;
    json_reader_free(question->reader);
    buffer_clear(&question->body);
    arena_clear(&question->arena);
    free(question);
}

void question_ask(struct question *question, struct delivery *delivery)
{
    delivery->sink = delivery_collect;
    delivery->sink_context = &question->body;
    if (question->all_pages) {
        delivery->call.operation = OPERATION_FETCH;
        delivery->call.user_id = question->hits[question->hit_at].id;
    } else {
        delivery->call.operation = OPERATION_LOOK_UP;
        delivery->call.offset = question->offset;
        delivery->call.lower_email = question->lower;
    }
}

/* 1 as written, 2 in lower case. */
static unsigned spelling_of(const struct question *question)
{
    return question->lower ? 2 : 1;
}

/* True when no page of this spelling had the user before. */
static bool add_hit(struct question *question, struct slice id)
{
    for (size_t i = 0; i < question->hit_count; i++) {
        if (!slice_is(id, question->hits[i].id))
            continue;
        bool is_new = question->hits[i].listed != spelling_of(question);
        question->hits[i].listed = spelling_of(question);
        return is_new;
    }
    if (id.len >= OUTCOME_USER_ID_SIZE || question->hit_count == QUESTION_HITS_MAX) {
        question->counts.too_many = true;
        return false;
    }
    question->hits[question->hit_count].id = arena_copy(&question->arena, id).data;
    question->hits[question->hit_count++].listed = spelling_of(question);
    return true;
}

static bool has_capitals(struct slice email)
{
    for (size_t i = 0; i < email.len; i++)
        if (ascii_lower(email.data[i]) != email.data[i])
            return true;
    return false;
}

/* Ends the pages of one spelling; more: the last one announced more. */
static enum reconcile_answer end_pages(struct question *question, bool more, struct slice email)
{
    question->counts.incomplete = question->counts.incomplete || more || question->total > question->offset;
    if (!question->lower && has_capitals(email) && !question->counts.too_many) {
        question->lower = true;
        question->offset = question->pages = 0;
        question->total = 0;
        return RECONCILE_MORE;
    }
    question->all_pages = true;
    return question->hit_count == 0 || question->counts.too_many ? RECONCILE_FOUND : RECONCILE_MORE;
}

/* An empty page ends the list, and one without a new user: then the provider does not paginate. */
static enum reconcile_answer add_page(struct question *question, const struct json_node *nodes,
                                      const struct response_list *headers, struct slice email)
{
    const struct provider *provider = question->parts->provider;
    struct remote_user_list_claim claim;
    size_t index, new_hits = 0;

    if (!provider->find_users(nodes, &index))
        return RECONCILE_UNREADABLE;
    for (size_t child = index + 1; child < nodes[index].end; child = nodes[child].end) {
        struct provider_user user;
        if (!provider->read_user(nodes, child, question->parts->job, &question->arena, &user))
            return RECONCILE_UNREADABLE;
        new_hits += add_hit(question, user.id);
    }
    remote_user_list_read_claim(nodes, index, &claim);
    claim.more = claim.more || headers->has_more;
    claim.total = headers->total > claim.total ? headers->total : claim.total;
    claim.pages = headers->pages > claim.pages ? headers->pages : claim.pages;
    if (claim.total > question->total)
        question->total = claim.total;
    if (new_hits > 0) {
        question->offset += nodes[index].children;
        question->pages++;
    }
    if (new_hits > 0 && !question->counts.too_many)
        return RECONCILE_MORE;
    return end_pages(question, claim.more || claim.pages > question->pages, email);
}

static bool count_user(struct question *question, const struct json_node *nodes)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    const struct reconcile_parts *parts = question->parts;
    const struct provider_fields *fields = parts->provider->fields;
    const char *id = question->hits[question->hit_at].id;
    struct provider_user user;

    if (!parts->provider->read_user(nodes, 0, parts->job, &question->arena, &user) || !slice_is(user.id, id))
        return false;
    if (user.external_id.len == 0) {
        question->counts.unnamed++;
    } else if (slice_equal(user.external_id, question->external_id)) {
        const struct record record = {.values = user.values};
        const struct match_digests digests = {
            .members = slice_make((const char *)members, fields->slot_count * FINGERPRINT_MEMBER_LEN),
            .email = slice_make((const char *)email, sizeof email)};
        fingerprint_members(parts->fingerprint, &record, members);
        fingerprint_email(parts->fingerprint, &record, email);
        if (match_user(fields, &question->journalled, &digests) >= MATCH_PART) {
            question->counts.ours++;
            question->user_id = id;
        } else {
            question->counts.differing++;
        }
    }
    return true;
}

enum reconcile_answer question_receive(struct question *question, const struct delivery *delivery)
{
    bool is_fetched = delivery->call.operation != OPERATION_FETCH || delivery->outcome.kind == OUTCOME_DONE;
    struct json_fault fault;
    size_t count;

    question->counts.not_fetched += !is_fetched;
    if (is_fetched) {
        const struct json_node *nodes =
            json_reader_parse(question->reader, buffer_slice(&question->body), &count, &fault);
        if (!nodes)
            return RECONCILE_UNREADABLE;
        if (delivery->call.operation == OPERATION_LOOK_UP)
            return add_page(question, nodes, &delivery->list,
                            delivery->call.record->values[FIELD_EMAIL].text);
        if (!count_user(question, nodes))
            return RECONCILE_UNREADABLE;
    }
    return ++question->hit_at < question->hit_count ? RECONCILE_MORE : RECONCILE_FOUND;
}

enum task_finding question_decide(const struct question_counts *counts, const char **code)
{
    bool unclear = counts->differing + counts->unnamed + counts->not_fetched > 0 || counts->too_many ||
                   counts->incomplete;

    *code = "";
    if (counts->ours == 1 && counts->differing == 0 && !counts->too_many)
        return TASK_FOUND_OURS;
    if (counts->ours == 0 && !unclear)
        return TASK_FOUND_NOBODY;
    *code = counts->ours > 1 || counts->too_many ? "several_users"
            : counts->differing > 0              ? "user_differs"
            : counts->not_fetched > 0            ? "user_not_fetched"
            : counts->unnamed > 0                ? "user_unnamed"
                                                 : "listing_incomplete";
    return TASK_FOUND_UNCLEAR;
}

void question_find(const struct question *question, struct reconcile_finding *finding)
{
    finding->finding = question_decide(&question->counts, &finding->code);
    finding->user_id = finding->finding == TASK_FOUND_OURS ? question->user_id : NULL;
}
