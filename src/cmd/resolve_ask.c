#include "cmd/resolve_ask.h"

#include <string.h>

#include "core/text.h"
#include "pipeline/audit.h"
#include "pipeline/changes.h"
#include "pipeline/match.h"

enum { GROUP_LEN = 4, ARENA_CHUNK = 16 * 1024 };

struct asking {
    struct resolve_verdict *verdicts;
    size_t count, next;
    struct slice *again; /* [count]: the other way to write the user's id, to be asked for; empty: none */
    size_t again_count;  /* of these, how many are left */
    struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct fingerprint *fingerprint;
    struct arena *arena;  /* what outlives a question */
    struct arena scratch; /* what does not */
};

/* 1 found, 0 the ledger does not know it, -1. */
static int find_customer(struct asking *asking, struct slice key, struct ledger_customer *customer,
                         struct error *error)
{
    arena_reset(&asking->scratch);
    return ledger_find_by_key(asking->ledger, key, &asking->scratch, customer, error);
}

/* Those that wait for their second question go first. */
static int next_question(void *context, struct audit_question *question, struct error *error)
{
    struct asking *asking = context;
    struct ledger_customer customer;
    size_t number = asking->next;

    for (size_t i = 0; asking->again_count > 0 && i < asking->count; i++)
        if (asking->again[i].len > 0) {
            number = i;
            break;
        }
    if (number == asking->count)
        return 0;
    const struct resolve_verdict *verdict = &asking->verdicts[number];
    int found = find_customer(asking, verdict->key, &customer, error);
    if (found < 0)
        return -1;
    *question = (struct audit_question){.user_id = verdict->user,
                                        .external_id = verdict->key,
                                        .former_key = found ? customer.former_key : slice_make(NULL, 0),
                                        .number = number};
    if (asking->again_count > 0 && asking->again[number].len > 0) {
        question->user_id = asking->again[number];
        asking->again[number].len = 0;
        asking->again_count--;
    } else {
        asking->next++;
    }
    return 1;
}

/* `AA95N84G…` in groups of four; empty when it is not a run of capitals and digits of that length. */
static struct slice in_groups(struct slice id, struct arena *arena)
{
    if (id.len == 0 || id.len % GROUP_LEN != 0)
        return slice_make(NULL, 0);
    for (size_t i = 0; i < id.len; i++)
        if (!(id.data[i] >= 'A' && id.data[i] <= 'Z') && !(id.data[i] >= '0' && id.data[i] <= '9'))
            return slice_make(NULL, 0);
    size_t len = id.len + id.len / GROUP_LEN - 1;
    char *text = arena_bytes(arena, len);
    for (size_t i = 0, offset = 0; i < id.len; i++) {
        if (i > 0 && i % GROUP_LEN == 0)
            text[offset++] = ' ';
        text[offset++] = id.data[i];
    }
    return slice_make(text, len);
}

static void contradict(struct resolve_verdict *verdict, const char *why)
{
    verdict->answered = true;
    verdict->holds = verdict->is_absent;
    text_format(verdict->why, sizeof verdict->why, "%s", why);
}

static void take_finding(void *context, const struct audit_finding *finding)
{
    struct asking *asking = context;
    struct resolve_verdict *verdict = &asking->verdicts[finding->number];

    if (finding->kind == AUDIT_MISSING && slice_is(slice_from(asking->provider->name), "kraken-embed") &&
        slice_equal(finding->user_id, verdict->user)) {
        asking->again[finding->number] = in_groups(verdict->user, asking->arena);
        asking->again_count += asking->again[finding->number].len > 0;
        if (asking->again[finding->number].len > 0)
            return;
    }
    switch (finding->kind) {
    case AUDIT_MISSING:
        contradict(verdict, "the provider has no such user");
        return;
    case AUDIT_FOREIGN:
        contradict(verdict, "the provider has this user for another customer (external_id differs)");
        return;
    case AUDIT_NO_ANSWER:
        verdict->no_answer = true;
        break;
    case AUDIT_UNKNOWN:
    case AUDIT_UNCLEAR:
    case AUDIT_KINDS:
        break;
    }
    verdict->answered = true;
    verdict->holds = false;
    text_format(verdict->why, sizeof verdict->why,
                "the provider's answer does not tell whose user it is (%.*s)", (int)finding->detail.len,
                finding->detail.len ? finding->detail.data : "");
}

/* The digests that the ledger expects at the provider of a customer whose user is not proven. */
static struct match_digests expected_of(const struct ledger_customer *customer)
{
    bool is_open = customer->first_sent_at != 0 && customer->operation == OPERATION_CREATE;

    if (is_open || customer->state == LEDGER_REFUSED)
        return (struct match_digests){.members = customer->pending_member_digests,
                                      .email = customer->pending_email_digest};
    return (struct match_digests){.members = customer->member_digests};
}

/* Fields, not values. */
static void describe_differing(const struct asking *asking, uint64_t differing,
                               struct resolve_verdict *verdict)
{
    const struct provider_fields *fields = asking->provider->fields;
    struct buffer names;

    buffer_init(&names, RESOLVE_WHY_SIZE);
    for (size_t i = 0; i < fields->member_count; i++)
        if (differing >> i & 1)
            buffer_printf(&names, "%s%s", names.len ? ", " : "", field_name(changes_field_of(fields, i)));
    text_format(verdict->why, sizeof verdict->why,
                "the user differs in %s, and the provider does not say whose it is", names.data);
    buffer_clear(&names);
}

static uint64_t find_differing(struct asking *asking, const struct resolve_verdict *verdict,
                               const struct audit_user *user)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    struct ledger_customer customer;
    struct provider_user there;
    struct error ignored;

    if (find_customer(asking, verdict->key, &customer, &ignored) != 1 ||
        slice_equal(customer.user_id, user->user_id) || /* what the provider has is accepted */
        !asking->provider->read_user(user->nodes, 0, asking->job, &asking->scratch, &there))
        return 0;
    const struct record record = {.values = there.values};
    fingerprint_members(asking->fingerprint, &record, members);
    fingerprint_email(asking->fingerprint, &record, email);
    const struct match_digests expected = expected_of(&customer);
    const struct match_digests found = {
        .members = slice_make((const char *)members,
                              asking->provider->fields->member_count * FINGERPRINT_MEMBER_LEN),
        .email = slice_make((const char *)email, sizeof email)};
    return match_differing(asking->provider->fields, &expected, &found);
}

static void take_user(void *context, const struct audit_user *user)
{
    struct asking *asking = context;
    struct resolve_verdict *verdict = &asking->verdicts[user->number];
    uint64_t differing = find_differing(asking, verdict, user);

    verdict->answered = true;
    verdict->proven = user->is_named && !verdict->is_absent;
    verdict->holds = (user->is_named || !differing) && !verdict->is_absent;
    verdict->differs = differing != 0;
    if (differing && !user->is_named)
        describe_differing(asking, differing, verdict);
    if (verdict->is_absent)
        text_format(verdict->why, sizeof verdict->why, "the provider has the user of this customer");
    else
        verdict->user = arena_copy(asking->arena, user->user_id);
}

int resolve_ask(struct resolve_verdict *verdicts, size_t count, struct job *job,
                const struct provider *provider, struct ledger *ledger, struct arena *arena,
                struct error *error)
{
    struct asking asking = {.verdicts = verdicts,
                            .count = count,
                            .again = arena_alloc(arena, (count ? count : 1) * sizeof *asking.again),
                            .job = job,
                            .provider = provider,
                            .ledger = ledger,
                            .fingerprint = fingerprint_new(ledger_fingerprint_key(ledger), provider->fields),
                            .arena = arena};
    const struct audit_parts parts = {.job = job,
                                      .provider = provider,
                                      .ledger = ledger,
                                      .each = take_finding,
                                      .exists = take_user,
                                      .next = next_question,
                                      .context = &asking};
    struct audit_counts stats;

    arena_init(&asking.scratch, ARENA_CHUNK);
    memset(asking.again, 0, count * sizeof *asking.again);
    int result = audit_run(&parts, &stats, error);
    fingerprint_free(asking.fingerprint);
    arena_clear(&asking.scratch);
    return result;
}
