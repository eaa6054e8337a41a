#include "ledger/ledger_replay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/text.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"

enum {
    ARENA_CHUNK = 4096,
    PART_SIZE = 512,
};

void ledger_replay_init(struct ledger_replay *replay)
{
    *replay = (struct ledger_replay){.count = 0};
    arena_init(&replay->arena, ARENA_CHUNK);
}

void ledger_replay_clear(struct ledger_replay *replay)
{
    arena_clear(&replay->arena);
}

void ledger_replay_begin(struct ledger_replay *replay, int64_t first_run)
{
    struct arena arena = replay->arena;

    arena_reset(&arena);
    *replay = (struct ledger_replay){.arena = arena, .last = {.run = first_run}};
}

static bool is_one_of(struct slice word, const char *const *words)
{
    while (*words && !slice_is(word, *words))
        words++;
    return *words;
}

/* Final refusals; in doubt they may resolve nothing. */
static bool is_refusal(const struct ledger_replay_event *event)
{
    static const char *const words[] = {"refused", "exists", NULL};
    return is_one_of(event->outcome, words);
}

/* The attempt had no effect: a customer given up after it is as before. */
static bool had_no_effect(const struct ledger_replay_event *event)
{
    static const char *const words[] = {"not_sent", "throttled", "bad_nonce", "bad_token",
                                        "stop",     "withdrawn", NULL};
    return is_one_of(event->outcome, words) || (slice_is(event->outcome, "done") && event->user_id.len == 0 &&
                                                !slice_is(event->operation, "update"));
}

static void add_user(struct ledger_replay *replay, const struct ledger_replay_event *event)
{
    bool settled = slice_is(event->outcome, "settled");

    if (replay->user_id.len > 0 && !settled) {
        if (!replay->other_user)
            replay->other_user = event->id;
        return;
    }
    if (!slice_equal(replay->user_id, event->user_id)) /* else accepted: its origin stays */
        replay->verdict = settled ? event->id : 0;
    /* A verdict that accepts or replaces a user does not show its digest. */
    replay->digest =
        replay->user_id.len > 0 ? slice_make(NULL, 0) : arena_copy(&replay->arena, event->digest);
    replay->user_id = arena_copy(&replay->arena, event->user_id);
    replay->update_since = replay->in_doubt = replay->may_be_in_doubt = replay->may_have_landed = false;
    replay->left_out = false;
}

static void add_update(struct ledger_replay *replay, const struct ledger_replay_event *event)
{
    replay->update_since = !slice_is(event->outcome, "done");
    if (slice_is(event->outcome, "in_doubt"))
        replay->may_have_landed = true;
    if (replay->update_since)
        return;
    replay->may_have_landed = false;
    replay->left_out = slice_is(event->code, LEDGER_LEFT_OUT);
    replay->digest = replay->left_out ? slice_make(NULL, 0) : arena_copy(&replay->arena, event->digest);
}

/* A create, or a look-up for one, without a user. */
static void add_create(struct ledger_replay *replay, const struct ledger_replay_event *event)
{
    replay->last_is_terminal = false;
    if (slice_is(event->outcome, "in_doubt")) {
        replay->in_doubt = replay->may_be_in_doubt = true;
    } else if (slice_is(event->outcome, "settled")) { /* no user: also the correction of an earlier verdict */
        replay->in_doubt = replay->may_be_in_doubt = replay->update_since = replay->may_have_landed = false;
        replay->left_out = false;
        replay->user_id = replay->digest = slice_make(NULL, 0);
        replay->verdict = 0;
    } else if (is_refusal(event)) {
        replay->max_refusals++;
        replay->in_doubt = false;
        if (!replay->may_be_in_doubt && slice_is(event->outcome, "refused") &&
            slice_is(event->operation, "create")) {
            replay->min_refusals++;
            replay->last_is_terminal = true;
        }
    }
}

/* Applies an event that is neither an attempt nor a verdict, which leaves the row's last attempt; else false.
 */
static bool add_note(struct ledger_replay *replay, const struct ledger_replay_event *event)
{
    bool is_rekey = slice_is(event->operation, LEDGER_OPERATION_REKEY);

    if (!is_rekey && !slice_is(event->operation, LEDGER_OPERATION_IDENTIFY))
        return false;
    if (is_rekey && replay->former_key.len == 0)
        replay->former_key = arena_copy(&replay->arena, event->digest);
    if (is_rekey && event->code.len > 0)
        replay->digest = slice_make(NULL, 0);
    if (!is_rekey && event->digest.len > 0)
        replay->digest = arena_copy(&replay->arena, event->digest);
    return true;
}

void ledger_replay_add(struct ledger_replay *replay, const struct ledger_replay_event *event)
{
    static const char *const yes[] = {"done", "settled", NULL};

    if (add_note(replay, event))
        return;
    bool is_yes = is_one_of(event->outcome, yes), settled = slice_is(event->outcome, "settled");
    bool is_update = slice_is(event->operation, "update");

    /* Between two runs a create may have been journalled and sent without an event; within a run a customer
     * has one operation, and a refusal ends it. */
    if (event->run != replay->last.run && (!replay->last_is_terminal || event->run - replay->last.run != 1))
        replay->may_be_in_doubt = true;
    if (replay->is_over && !settled)
        replay->max_attempts = 0;
    if (!settled)
        replay->is_over = is_yes && (event->user_id.len > 0 || is_update);
    if (event->attempt > replay->max_attempts)
        replay->max_attempts = event->attempt;
    if (is_update && !settled)
        add_update(replay, event);
    else if (is_yes && event->user_id.len > 0)
        add_user(replay, event);
    else
        add_create(replay, event);
    replay->count++;
    replay->last = *event;
    replay->last.operation = arena_copy(&replay->arena, event->operation);
    replay->last.outcome = arena_copy(&replay->arena, event->outcome);
    replay->last.user_id = arena_copy(&replay->arena, event->user_id);
    replay->last.digest = arena_copy(&replay->arena, event->digest);
    replay->last.code = arena_copy(&replay->arena, event->code);
    replay->last.request_id = arena_copy(&replay->arena, event->request_id);
}

struct comparison {
    const struct ledger_replay *replay;
    const struct ledger_replay_row *row;
    struct buffer *out;
    bool created;        /* by the events */
    bool open;           /* by the row */
    bool shows_last;     /* its last-attempt columns are those of the last event */
    bool shows_none;     /* they are empty: journalled again since */
    bool was_not_built;  /* refused before anything was sent: not built, or a twin */
    bool may_begin_anew; /* a create may have been journalled after the last event */
};

__attribute__((format(printf, 2, 3))) static void add_difference(struct comparison *comparison,
                                                                 const char *format, ...)
{
    char text[PART_SIZE];
    va_list arguments;

    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    if (comparison->out->len > 0)
        buffer_append_text(comparison->out, "; ");
    buffer_append_text(comparison->out, text);
}

static void compare_user(struct comparison *comparison)
{
    struct slice stored = comparison->row->user_id, replayed = comparison->replay->user_id;

    if (comparison->replay->other_user)
        add_difference(comparison, "event %" PRId64 " gives a second user", comparison->replay->other_user);
    if (slice_equal(stored, replayed))
        return;
    add_difference(comparison, "user_id is %.*s and the events say %.*s", stored.len ? (int)stored.len : 4,
                   stored.len ? stored.data : "none", replayed.len ? (int)replayed.len : 4,
                   replayed.len ? replayed.data : "none");
}

static bool has_digest(struct slice digest)
{
    return digest.len == FINGERPRINT_LEN;
}

static bool are_members(struct slice digest, struct slice members)
{
    return !has_digest(digest) || (members.len > 0 && members.len % FINGERPRINT_MEMBER_LEN == 0);
}

static void compare_digests(struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    const struct ledger_replay_row *row = comparison->row;
    bool update_tried = slice_is(row->operation, "update") &&
                        (row->pending_digest.len > 0 || replay->update_since || !comparison->shows_last);

    /* Unknown after an update in doubt that was superseded. */
    bool unknown = row->digest.len == 0 && update_tried;
    if (!unknown && !slice_equal(row->digest, comparison->created ? replay->digest : slice_make(NULL, 0)))
        add_difference(comparison, "digest is not that of the last acknowledged data");
    if (replay->may_have_landed && row->digest.len > 0)
        add_difference(comparison,
                       "digest is kept although an update that may have landed was not acknowledged");
    if (!are_members(row->digest, row->member_digests) ||
        !are_members(row->pending_digest, row->pending_member_digests))
        add_difference(comparison, "digests without their member digests");
    if (row->pending_email_digest.len > 0 &&
        (row->pending_email_digest.len != FINGERPRINT_MEMBER_LEN || row->pending_digest.len == 0))
        add_difference(comparison, "pending_email_digest does not fit pending_digest");
    if (replay->left_out != (row->left_out.len > 0) || row->left_out.len % FINGERPRINT_MEMBER_LEN != 0)
        add_difference(comparison, "left_out does not fit the last update");
    if (comparison->open != (row->pending_digest.len > 0) && comparison->open)
        add_difference(comparison, "an open operation without its pending_digest");
    if (!comparison->open && comparison->shows_last && row->pending_digest.len > 0 &&
        !slice_equal(row->pending_digest, replay->last.digest))
        add_difference(comparison, "pending_digest is not that of the last event");
}

/* A refused twin has no user; a twin is allowed by a verdict, and stays marked once it has a user. */
static bool allows_twin(const struct comparison *comparison)
{
    const struct ledger_replay_row *row = comparison->row;

    if (row->twin.len == 0)
        return true;
    if (slice_is(row->twin, "allowed"))
        return comparison->replay->count > 0;
    return !comparison->created && !comparison->open && slice_is(row->state, "refused") &&
           slice_is(row->code, "twin");
}

static void compare_identity(struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    const struct ledger_replay_row *row = comparison->row;

    if (row->identity.len > 0 && row->identity.len != FINGERPRINT_IDENTITY_LEN)
        add_difference(comparison, "identity is not an identity digest");
    if (!allows_twin(comparison))
        add_difference(comparison, "twin is %.*s, and the events do not allow it", (int)row->twin.len,
                       row->twin.data);
    if (!slice_equal(row->former_key, replay->former_key))
        add_difference(comparison, "former_key is not the key that the first rekey event names");
    if (row->verdict != replay->verdict)
        add_difference(comparison, "verdict is event %" PRId64 " and the events say %" PRId64, row->verdict,
                       replay->verdict);
}

static void compare_operation(struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    bool is_update = slice_is(comparison->row->operation, "update");
    bool must_be = slice_is(replay->last.operation, "update");
    bool may_be = must_be || (comparison->created && !(comparison->shows_last && !comparison->shows_none));

    if (is_update ? !may_be : must_be)
        add_difference(comparison, "operation is %s and the events say %s", is_update ? "update" : "create",
                       is_update ? "create" : "update");
}

static void compare_last_attempt(struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    const struct ledger_replay_row *row = comparison->row;
    bool is_update = slice_is(row->operation, "update");
    bool anew = comparison->shows_none &&
                (comparison->created ? is_update && (comparison->open || row->pending_digest.len == 0)
                                     : comparison->may_begin_anew);
    int64_t min = comparison->shows_last ? replay->last.attempt : 0;
    int64_t max = comparison->shows_last && replay->max_attempts > 1 ? replay->max_attempts : 1;

    if (!comparison->shows_last && !anew && !comparison->was_not_built)
        add_difference(comparison, "http_status, code or request_id are not those of %s",
                       replay->count ? "the last event" : "a customer without events");
    else if (row->attempts < min || (row->attempts > max && !comparison->was_not_built))
        add_difference(comparison, "attempts is %" PRId64 " and the events say %" PRId64, row->attempts,
                       row->attempts < min ? min : max);
    if (row->refusals < replay->min_refusals || row->refusals > replay->max_refusals)
        add_difference(comparison, "refusals is %" PRId64 " and the events say %" PRId64, row->refusals,
                       row->refusals < replay->min_refusals ? replay->min_refusals : replay->max_refusals);
    if (replay->count > 0 && row->first_run > replay->last.run && replay->last.run > 0)
        add_difference(comparison, "first_run is after the events");
}

/* For a customer without a user by its events: whether they allow its state. */
static bool allows_state(const struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    struct slice state = comparison->row->state;
    bool refused_for_sure = replay->last_is_terminal && is_refusal(&replay->last) && comparison->shows_last;

    if (slice_is(state, "in_doubt"))
        return comparison->open && !refused_for_sure;
    if (slice_is(state, "journalled"))
        return comparison->open && !refused_for_sure && !replay->in_doubt;
    if (!slice_is(state, "refused") || comparison->open || replay->in_doubt)
        return false;
    /* Not built, and given up unsent by a later run. */
    bool given_up = comparison->shows_none && comparison->row->pending_digest.len == 0 &&
                    comparison->row->updated_run > comparison->row->first_run;
    if (comparison->was_not_built || (replay->count == 0 && given_up))
        return true;
    return replay->count > 0 && (is_refusal(&replay->last) || had_no_effect(&replay->last) ||
                                 slice_is(replay->last.outcome, "settled"));
}

/* For a customer with a user: whether the events allow its last operation to be open, or not. */
static bool allows_opening(const struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    const struct ledger_replay_row *row = comparison->row;

    if (!slice_is(row->operation, "update"))
        return !comparison->open && row->pending_digest.len == 0;
    if (!comparison->shows_last || comparison->shows_none)
        return true;
    if (slice_is(replay->last.outcome, "done") || slice_is(replay->last.outcome, "settled"))
        return !comparison->open && row->pending_digest.len == 0;
    if (slice_is(replay->last.outcome, "in_doubt"))
        return comparison->open;
    /* Only a 400 or 422 refuses an update in doubt. */
    bool is_final = replay->last.http_status == 400 || replay->last.http_status == 422;
    return !is_refusal(&replay->last) || !is_final || !comparison->open;
}

static void compare_state(struct comparison *comparison)
{
    const struct ledger_replay *replay = comparison->replay;
    struct slice state = comparison->row->state;
    bool is_created = slice_is(state, "created");

    if (is_created != comparison->created || (!is_created && !allows_state(comparison)))
        add_difference(comparison, "state is %.*s, and %s%.*s", (int)state.len, state.data,
                       replay->count == 0    ? "it has no event"
                       : comparison->created ? "the events say created"
                                             : "the last event says ",
                       replay->count == 0 || comparison->created ? 0 : (int)replay->last.outcome.len,
                       replay->last.outcome.len ? replay->last.outcome.data : "");
    else if (is_created && !allows_opening(comparison))
        add_difference(comparison, "first_sent_at or pending_digest do not fit the last event");
}

bool ledger_replay_agrees(const struct ledger_replay *replay, const struct ledger_replay_row *row,
                          struct buffer *differences)
{
    static const struct slice nothing = {.len = 0}, settled = {"settled", 7};
    const struct ledger_replay_event *last = &replay->last;
    bool by_person = slice_is(last->outcome, "settled"), is_adopted = by_person && replay->count == 1;
    struct slice last_code = by_person && !(is_adopted && row->code.len == 0) ? settled : last->code;
    struct comparison comparison = {
        .replay = replay,
        .row = row,
        .out = differences,
        .created = replay->user_id.len > 0,
        .open = row->first_sent_at != 0,
        .shows_none = row->http_status == 0 && row->code.len == 0 && row->request_id.len == 0,
        .shows_last = replay->count > 0 && row->http_status == last->http_status &&
                      slice_equal(row->code, last_code) &&
                      slice_equal(row->request_id, by_person ? nothing : last->request_id),
        .was_not_built = row->http_status == 0 && row->request_id.len == 0 &&
                         (slice_is(row->code, "not_built") || slice_is(row->code, "twin")),
        .may_begin_anew =
            replay->count == 0 || is_refusal(last) || by_person || (had_no_effect(last) && !replay->in_doubt),
    };

    buffer_reset(differences);
    compare_user(&comparison);
    compare_state(&comparison);
    compare_operation(&comparison);
    compare_digests(&comparison);
    compare_identity(&comparison);
    compare_last_attempt(&comparison);
    return differences->len == 0;
}
