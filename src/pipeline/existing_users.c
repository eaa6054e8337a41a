#include "pipeline/existing_users.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "core/arena.h"
#include "core/ascii.h"
#include "core/hash_table.h"
#include "core/log.h"
#include "dispatch/adopt.h"
#include "dispatch/requests.h"
#include "dispatch/user_stream.h"
#include "pipeline/scan_input.h"

enum { ARENA_CHUNK = 16 * 1024, SEEN = 1 };

struct existing_users {
    const struct existing_users_parts *parts;
    struct user_stream *stream;
    struct hash_table *emails; /* of the listing, in lower case */
    struct arena arena;
    uint64_t user_count, hidden_count; /* hidden: users without an e-mail address */
    bool is_asked;                     /* the listing, or its next page */
    bool is_whole;                     /* it has all users */
    uint64_t unreadable;               /* users without an id that can be read */
    /* Of the export: */
    uint64_t record_count, first_row;
};

static uint64_t hash_email(struct existing_users *existing, const struct value *email)
{
    arena_reset(&existing->arena);
    char *text = arena_bytes(&existing->arena, email->text.len);
    ascii_lower_copy(email->text, text);
    return hash_table_hash(slice_make(text, email->text.len));
}

static void begin_listing(void *context)
{
    struct existing_users *existing = context;

    hash_table_free(existing->emails);
    existing->emails = hash_table_new();
    existing->user_count = existing->hidden_count = 0;
}

static void add_user(void *context, const struct provider_user *user, const struct json_node *nodes,
                     bool is_known)
{
    struct existing_users *existing = context;
    const struct value *email = &user->values[FIELD_EMAIL];

    (void)nodes;
    (void)is_known;
    existing->user_count++;
    if (email->state == VALUE_PRESENT)
        hash_table_ensure(existing->emails, hash_email(existing, email))->value = SEEN;
    else
        existing->hidden_count++;
}

static int next_request(void *context, struct request *request, struct error *error)
{
    struct existing_users *existing = context;

    (void)error;
    if (existing->is_asked)
        return 0;
    existing->is_asked = request->is_essential = true;
    user_stream_attach(existing->stream, &request->delivery);
    return 1;
}

static bool is_usable(void *context, const struct request *request)
{
    struct existing_users *existing = context;

    (void)request;
    return user_stream_is_whole(existing->stream);
}

static int answered(void *context, struct request *request, struct error *error)
{
    struct existing_users *existing = context;

    (void)error;
    existing->is_asked = !user_stream_next_page(existing->stream, &request->delivery);
    if (!existing->is_asked)
        return 0;
    existing->is_whole = user_stream_has_all(existing->stream, &request->delivery);
    existing->unreadable = user_stream_unreadable(existing->stream);
    return 0;
}

static int gave_up(void *context, struct request *request, bool is_stopping, struct error *error)
{
    (void)context, (void)request, (void)is_stopping, (void)error;
    return 0;
}

static void count_progress(const void *context, struct progress_counts *counts)
{
    (void)context;
    counts->noun = "users";
    counts->done = 0; /* the sender's thread knows */
}

static int list_users(struct existing_users *existing, struct error *error)
{
    static const struct requests_handler handler = {.next = next_request,
                                                    .is_usable = is_usable,
                                                    .answered = answered,
                                                    .gave_up = gave_up,
                                                    .progress = count_progress};
    const struct existing_users_parts *parts = existing->parts;
    const struct user_stream_handler users = {.begin = begin_listing, .add = add_user, .context = existing};
    const struct requests_parts requests = {
        .job = parts->job,
        .keeps_secrets = true,
        .provider = parts->provider,
        .ledger = parts->ledger,
        .queue = parts->queue,
        .handler = &handler,
        .context = existing,
        .interrupted = "interrupted before anything was sent\nhint: run again to resume",
    };
    uint64_t sent;

    existing->stream = user_stream_new(parts->job, parts->provider, &users);
    int result = user_stream_prepare(existing->stream, parts->ledger, error);
    if (result == 0)
        result = requests_run(&requests, &sent, error);
    user_stream_free(existing->stream);
    return result;
}

/* A pipe is read once. */
static bool can_read_twice(const struct job_input *input)
{
    struct stat status;

    for (size_t i = 0; i < input->path_count; i++)
        if (strcmp(input->paths[i], "-") == 0 || stat(input->paths[i], &status) != 0 ||
            !S_ISREG(status.st_mode))
            return false;
    return true;
}

static int begin_records(void *context, const struct rule_set *rules, struct error *error)
{
    (void)context, (void)rules, (void)error;
    return 0;
}

static void add_record(void *context, const struct record *record, struct arena *arena)
{
    struct existing_users *existing = context;
    const struct value *email = record->values ? &record->values[FIELD_EMAIL] : NULL;

    (void)arena;
    if (record->skipped || !email || email->state != VALUE_PRESENT ||
        !hash_table_find(existing->emails, hash_email(existing, email)))
        return;
    if (existing->record_count++ == 0)
        existing->first_row = record->row;
}

static void end_records(void *context)
{
    (void)context;
}

static int compare_export(struct existing_users *existing, struct error *error)
{
    const struct existing_users_parts *parts = existing->parts;
    const char *name = parts->provider->name, *path = parts->job->path;
    const struct scan_visitor visitor = {
        .begin = begin_records, .record = add_record, .end = end_records, .context = existing};

    if (existing->hidden_count == existing->user_count)
        return error_set(
            error, ERROR_PROVIDER,
            "%s already has %" PRIu64
            " users, whose e-mail addresses its listing does not show, and the ledger has no customer: they may be of this export, and nothing was sent\nhint: kyc-import adopt %s compares them one by one; or, if none of these users is in the export, run again with --new-ledger",
            name, existing->user_count, path);
    if (existing->hidden_count)
        log_warning(
            "%" PRIu64
            " users in the provider's listing have no e-mail address: whether they are of this export is not certain\nhint: kyc-import adopt %s --dry-run compares them",
            existing->hidden_count, path);
    if (!can_read_twice(&parts->job->input))
        return error_set(
            error, ERROR_PROVIDER,
            "%s already has %" PRIu64
            " users, the ledger has no customer, and the input is a pipe, which cannot be compared with them first: nothing was sent\nhint: write the export to a file; or, if none of these users is in it, run again with --new-ledger",
            name, existing->user_count);
    if (scan_input(parts->job, parts->provider, parts->limit, &visitor, error) != 0)
        return -1;
    if (existing->record_count == 0)
        return 0;
    return error_set(
        error, ERROR_PROVIDER,
        "%s already has users with the e-mail addresses of %" PRIu64
        " records of this export (the first in row %" PRIu64
        "), and the ledger has no customer: a run would create them again, and nothing was sent\nhint: take these users into the ledger first: kyc-import adopt %s (with --dry-run it only shows the plan); or, if they are to be created all the same, run again with --new-ledger",
        name, existing->record_count, existing->first_row, path);
}

/* A run that cannot look does not send: each user would be created again. */
static int fail_unlisted(struct error *error)
{
    const struct error why = *error;

    if (why.scope == ERROR_PROVIDER)
        error_set(
            error, ERROR_PROVIDER,
            "before a first run the users that the provider already has are listed (--new-ledger omits that), and they were not: %s",
            why.text);
    return -1;
}

/* Users that are not seen may be of this export. */
static int check_certain(const struct existing_users *existing, struct error *error)
{
    const struct existing_users_parts *parts = existing->parts;
    const char *why = !existing->is_whole
                          ? "its listing of users has gaps, or announces more users than it has"
                          : "its listing has users without an id that can be read";

    if (existing->is_whole && existing->unreadable == 0)
        return 0;
    return error_set(
        error, ERROR_PROVIDER,
        "whether %s already has users of this export is not certain: %s, and the ledger has no customer: nothing was sent\nhint: kyc-import adopt %s --dry-run looks closer; or, if the provider has none of them, run again with --new-ledger",
        parts->provider->name, why, parts->job->path);
}

/* Adopt has compared every user, and left those that are nobody's. */
static int is_adopted(struct ledger *ledger, bool *adopted, struct error *error)
{
    struct ledger_run last;
    struct arena arena;

    arena_init(&arena, ARENA_CHUNK);
    int found = ledger_last_complete_run(ledger, "adopt", INT64_MAX, &arena, &last, error);
    arena_clear(&arena);
    *adopted = found == 1;
    return found < 0 ? -1 : 0;
}

int existing_users_check(const struct existing_users_parts *parts, struct error *error)
{
    struct existing_users existing = {.parts = parts};
    bool adopted;

    if (!ledger_is_empty(parts->ledger) || !adopt_is_possible(parts->provider))
        return 0;
    if (is_adopted(parts->ledger, &adopted, error) != 0)
        return -1;
    if (adopted)
        return 0;
    arena_init(&existing.arena, ARENA_CHUNK);
    existing.emails = hash_table_new();
    int result = list_users(&existing, error) == 0 ? 0 : fail_unlisted(error);
    if (result == 0 && existing.user_count > 0)
        result = compare_export(&existing, error);
    if (result == 0)
        result = check_certain(&existing, error);
    hash_table_free(existing.emails);
    arena_clear(&existing.arena);
    return result;
}
