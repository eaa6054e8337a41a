#include "cmd/resolve_check.h"

#include <string.h>

#include "cmd/run_audit.h"
#include "core/text.h"
#include "dispatch/changes.h"
#include "dispatch/match.h"

enum { ARENA_CHUNK = 16 * 1024 };

struct user_check {
    struct resolution *resolutions;
    size_t count, next;
    struct slice
        *respelled; /* [count]: the other spelling of the user's id, still to be requested; empty: none */
    size_t respelled_count; /* how many of them are left */
    struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct fingerprint *fingerprint;
    struct arena *arena;  /* lives as long as the resolutions */
    struct arena scratch; /* of one question */
};

/* 1 found, 0 not in the ledger, -1. */
static int find_customer(struct user_check *check, struct slice key, struct ledger_customer *customer,
                         struct error *error)
{
    arena_reset(&check->scratch);
    return ledger_find_by_key(check->ledger, key, &check->scratch, customer, error);
}

/* A user that waits for its second request comes first. */
static int next_question(void *context, struct audit_question *question, struct error *error)
{
    struct user_check *check = context;
    struct ledger_customer customer;
    size_t number = check->next;

    for (size_t i = 0; check->respelled_count > 0 && i < check->count; i++)
        if (check->respelled[i].len > 0) {
            number = i;
            break;
        }
    while (number < check->count &&
           check->resolutions[number].user.len == 0) /* absent: nobody to ask about */
        number = ++check->next;
    if (number == check->count)
        return 0;
    const struct resolution *resolution = &check->resolutions[number];
    int found = find_customer(check, resolution->key, &customer, error);
    if (found < 0)
        return -1;
    *question = (struct audit_question){.user_id = resolution->user,
                                        .external_id = resolution->key,
                                        .former_key = found ? customer.former_key : slice_make(NULL, 0),
                                        .number = number};
    if (check->respelled_count > 0 && check->respelled[number].len > 0) {
        question->user_id = check->respelled[number];
        check->respelled[number].len = 0;
        check->respelled_count--;
    } else {
        check->next++;
    }
    return 1;
}

/* `AA95 N84G …`; empty when the provider does not write an id so, or the id is not a run of capitals and
 * digits of a multiple of that length. */
static struct slice in_groups(struct slice id, size_t group_len, struct arena *arena)
{
    if (group_len == 0 || id.len == 0 || id.len % group_len != 0)
        return slice_make(NULL, 0);
    for (size_t i = 0; i < id.len; i++)
        if (!(id.data[i] >= 'A' && id.data[i] <= 'Z') && !(id.data[i] >= '0' && id.data[i] <= '9'))
            return slice_make(NULL, 0);
    size_t len = id.len + id.len / group_len - 1;
    char *text = arena_bytes(arena, len);
    for (size_t i = 0, offset = 0; i < id.len; i++) {
        if (i > 0 && i % group_len == 0)
            text[offset++] = ' ';
        text[offset++] = id.data[i];
    }
    return slice_make(text, len);
}

static void contradict(struct resolution *resolution, const char *why)
{
    resolution->answered = true;
    resolution->holds = resolution->is_absent;
    text_format(resolution->why, sizeof resolution->why, "%s", why);
}

static void apply_finding(void *context, const struct audit_finding *finding)
{
    struct user_check *check = context;
    struct resolution *resolution = &check->resolutions[finding->number];

    if (finding->kind == AUDIT_MISSING && slice_equal(finding->user_id, resolution->user)) {
        check->respelled[finding->number] =
            in_groups(resolution->user, check->provider->user_id_group, check->arena);
        check->respelled_count += check->respelled[finding->number].len > 0;
        if (check->respelled[finding->number].len > 0)
            return;
    }
    switch (finding->kind) {
    case AUDIT_MISSING:
        contradict(resolution, "the provider has no such user");
        return;
    case AUDIT_FOREIGN:
        contradict(resolution, "the provider has this user for another customer (external_id differs)");
        return;
    case AUDIT_NO_ANSWER:
        resolution->no_answer = true;
        break;
    case AUDIT_UNKNOWN:
    case AUDIT_UNCLEAR:
    case AUDIT_KINDS:
        break;
    }
    resolution->answered = true;
    resolution->holds = false;
    text_format(resolution->why, sizeof resolution->why,
                "the provider's answer does not name the customer (%.*s)", (int)finding->detail.len,
                finding->detail.len ? finding->detail.data : "");
}

/* The digests that the ledger expects of the customer's user at the provider. */
static struct match_digests expected_of(const struct ledger_customer *customer)
{
    if (ledger_customer_has_open_create(customer) || customer->state == LEDGER_REFUSED)
        return (struct match_digests){.members = customer->pending_member_digests,
                                      .email = customer->pending_email_digest};
    return (struct match_digests){.members = customer->member_digests};
}

/* Names the fields, never the values. */
static void describe_difference(const struct user_check *check, uint64_t differing,
                                struct resolution *resolution)
{
    const struct provider_fields *fields = check->provider->fields;
    struct buffer names;

    buffer_init(&names, RESOLVE_WHY_SIZE);
    for (size_t i = 0; i < fields->slot_count; i++)
        if (differing >> i & 1)
            buffer_printf(&names, "%s%s", names.len ? ", " : "", field_name(changes_field_of(fields, i)));
    text_format(resolution->why, sizeof resolution->why,
                "the user differs in %s, and the provider does not name its customer", names.data);
    buffer_clear(&names);
}

static uint64_t find_differing(struct user_check *check, const struct resolution *resolution,
                               const struct audit_user *user)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN], email[FINGERPRINT_MEMBER_LEN];
    struct ledger_customer customer;
    struct provider_user provider_user;
    struct error ignored;

    if (find_customer(check, resolution->key, &customer, &ignored) != 1 ||
        slice_equal(customer.user_id, user->user_id) || /* the provider's data are accepted */
        !check->provider->read_user(user->nodes, 0, check->job, &check->scratch, &provider_user))
        return 0;
    const struct record record = {.values = provider_user.values};
    fingerprint_members(check->fingerprint, &record, members);
    fingerprint_email(check->fingerprint, &record, email);
    const struct match_digests expected = expected_of(&customer);
    const struct match_digests found = {
        .members =
            slice_make((const char *)members, check->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN),
        .email = slice_make((const char *)email, sizeof email)};
    return match_differing(check->provider->fields, &expected, &found);
}

static void apply_user(void *context, const struct audit_user *user)
{
    struct user_check *check = context;
    struct resolution *resolution = &check->resolutions[user->number];
    uint64_t differing = find_differing(check, resolution, user);

    resolution->answered = true;
    resolution->proven = user->is_named && !resolution->is_absent;
    resolution->holds = (user->is_named || !differing) && !resolution->is_absent;
    resolution->differs = differing != 0;
    if (differing && !user->is_named)
        describe_difference(check, differing, resolution);
    if (resolution->is_absent)
        text_format(resolution->why, sizeof resolution->why, "the provider has the user of this customer");
    else
        resolution->user = arena_copy(check->arena, user->user_id);
}

int resolve_check(struct resolution *resolutions, size_t count, struct job *job,
                  const struct provider *provider, struct ledger *ledger, struct arena *arena,
                  struct error *error)
{
    struct user_check check = {.resolutions = resolutions,
                               .count = count,
                               .respelled = arena_alloc(arena, (count ? count : 1) * sizeof *check.respelled),
                               .job = job,
                               .provider = provider,
                               .ledger = ledger,
                               .fingerprint =
                                   fingerprint_new(ledger_fingerprint_key(ledger), provider->fields),
                               .arena = arena};
    struct audit_parts parts = {.job = job,
                                .provider = provider,
                                .ledger = ledger,
                                .each = apply_finding,
                                .exists = apply_user,
                                .next = next_question,
                                .context = &check};
    struct audit_counts stats;

    arena_init(&check.scratch, ARENA_CHUNK);
    memset(check.respelled, 0, count * sizeof *check.respelled);
    int result = run_audit(&parts, &stats, error);
    fingerprint_free(check.fingerprint);
    arena_clear(&check.scratch);
    return result;
}
