#include "ledger/ledger_apply.h"

#include <assert.h>
#include <string.h>

#include "ledger/fingerprint.h"

enum { MEMBERS_MAX = 64 }; /* that a change names, by its bits */

static const struct slice nothing = {.len = 0};

#define OUTCOME_SETTLED "settled" /* also the code of the row */
#define TWIN_CODE       "twin"

static bool is_sendable(const struct ledger_customer *row)
{
    return row->external_id.len > 0 && (row->state == LEDGER_REFUSED || row->state == LEDGER_UNSENT);
}

static bool has_pending(const struct ledger_change *change)
{
    return change->digest.len > 0 && change->member_digests.len > 0;
}

/* A create is also resolved by questions. */
static bool is_of_open_operation(const struct ledger_customer *row, enum operation operation)
{
    return operation == row->operation ||
           (row->operation == OPERATION_CREATE && operation != OPERATION_UPDATE);
}

/* Of the changes that an attempt, or giving up, makes. */
static bool allows_result(const struct ledger_customer *row, const struct ledger_change *change)
{
    bool is_create = row->operation == OPERATION_CREATE;
    bool is_acknowledge = change->kind == LEDGER_CHANGE_ACKNOWLEDGE;

    if (!ledger_customer_is_open(row) || (change->is_sent && !change->outcome))
        return false;
    if (change->outcome && !is_of_open_operation(row, change->operation))
        return false;
    if (change->left_out && (is_create || !is_acknowledge))
        return false;
    if (change->kind == LEDGER_CHANGE_RETRY)
        return change->is_sent;
    if (change->kind == LEDGER_CHANGE_ABANDON && change->outcome &&
        (!change->is_sent || change->outcome->kind == OUTCOME_IN_DOUBT))
        return false;
    return !is_acknowledge || (change->outcome && (!is_create || change->user_id.len > 0));
}

/* at_ns: without a time the operation would not be open. */
static bool allows_journal(const struct ledger_customer *row, const struct ledger_change *change)
{
    if (!has_pending(change) || change->at_ns == 0)
        return false;
    if (change->operation == OPERATION_UPDATE)
        return row->state == LEDGER_CREATED;
    return change->operation == OPERATION_CREATE && is_sendable(row);
}

bool ledger_apply_same_verification(const struct ledger_customer *row, enum verification verification,
                                    struct slice word, struct slice reason)
{
    return row->verification == verification && slice_equal(row->verification_word, word) &&
           slice_equal(row->verification_reason, reason);
}

bool ledger_apply_allows(const struct ledger_customer *row, const struct ledger_change *change)
{
    switch (change->kind) {
    case LEDGER_CHANGE_JOURNAL:
        return allows_journal(row, change);
    case LEDGER_CHANGE_REPEAT:
        return ledger_customer_is_open(row);
    case LEDGER_CHANGE_SUPERSEDE:
        return ledger_customer_has_open_create(row) && has_pending(change);
    case LEDGER_CHANGE_RETRY:
    case LEDGER_CHANGE_ACKNOWLEDGE:
    case LEDGER_CHANGE_REFUSE:
    case LEDGER_CHANGE_IN_DOUBT:
    case LEDGER_CHANGE_ABANDON:
        return allows_result(row, change);
    case LEDGER_CHANGE_FORGET:
        return !ledger_customer_is_open(row) && row->pending_digest.len > 0 &&
               !ledger_customer_is_refused_twin(row);
    case LEDGER_CHANGE_ASSIGN:
        return row->external_id.len > 0 && row->state != LEDGER_ERASED && change->user_id.len > 0;
    case LEDGER_CHANGE_ADOPT:
        return row->external_id.len > 0 && row->state != LEDGER_ERASED && row->user_id.len == 0 &&
               change->user_id.len > 0 && change->member_digests.len > 0;
    case LEDGER_CHANGE_HOLD:
        return is_sendable(row) && has_pending(change) && row->twin != LEDGER_TWIN_ALLOWED;
    case LEDGER_CHANGE_CLEAR:
        return ledger_customer_has_open_create(row) || row->verdict != 0 || ledger_customer_is_held(row) ||
               (row->user_id.len == 0 && ledger_customer_is_refused_twin(row));
    case LEDGER_CHANGE_REFUSE_TWIN:
        return is_sendable(row) && has_pending(change);
    case LEDGER_CHANGE_STOP_TWIN:
        return row->twin == LEDGER_TWIN_REFUSED;
    case LEDGER_CHANGE_IDENTIFY:
        return row->state == LEDGER_CREATED && (change->digest.len == 0 || row->member_digests.len > 0);
    case LEDGER_CHANGE_VERIFICATION:
        return row->state == LEDGER_CREATED &&
               !ledger_apply_same_verification(row, change->verification, change->verification_word,
                                               change->verification_reason);
    case LEDGER_CHANGE_LINK:
        return row->state == LEDGER_CREATED && change->at_ns > 0;
    case LEDGER_CHANGE_REKEY:
        return row->state == LEDGER_CREATED && change->key.len > 0;
    case LEDGER_CHANGE_RELEASE_KEY:
        return is_sendable(row) && ledger_customer_is_untouched(row);
    case LEDGER_CHANGE_ERASE:
        return !ledger_customer_is_open(row) && row->state != LEDGER_ERASED && change->key.len > 0;
    case LEDGER_CHANGE_KINDS:
        break;
    }
    return false;
}

/* Member digests. */

static const char *member_of(struct slice members, size_t offset)
{
    return offset + FINGERPRINT_MEMBER_LEN <= members.len ? members.data + offset : NULL;
}

/* Without the part of a member at the end, which only a damaged row has. */
static size_t whole_members(struct slice members)
{
    return members.len - members.len % FINGERPRINT_MEMBER_LEN;
}

/* The members that agree in both, and LEDGER_MEMBER_UNKNOWN for the others. Different lengths: this version
 * has other members of the provider, and none is known. */
static struct slice members_in_both(struct slice a, struct slice b, struct arena *arena)
{
    size_t len = a.len == b.len ? whole_members(a) : 0;
    char *members = arena_bytes(arena, len + 1);

    for (size_t offset = 0; offset < len; offset += FINGERPRINT_MEMBER_LEN)
        if (memcmp(a.data + offset, b.data + offset, FINGERPRINT_MEMBER_LEN) == 0)
            memcpy(members + offset, a.data + offset, FINGERPRINT_MEMBER_LEN);
        else
            memset(members + offset, LEDGER_MEMBER_UNKNOWN, FINGERPRINT_MEMBER_LEN);
    return slice_make(members, len);
}

/* Of so many bytes of members: in those named by the bits those of `from`, else those of `others`; where
 * there is none LEDGER_MEMBER_UNKNOWN. */
static struct slice choose_members(size_t len, uint64_t bits, struct slice from, struct slice others,
                                   struct arena *arena)
{
    char *members = arena_bytes(arena, len + 1);

    for (size_t i = 0; i < len / FINGERPRINT_MEMBER_LEN; i++) {
        size_t offset = i * FINGERPRINT_MEMBER_LEN;
        bool is_named = i < MEMBERS_MAX && bits >> i & 1;
        const char *member = member_of(is_named ? from : others, offset);
        if (member)
            memcpy(members + offset, member, FINGERPRINT_MEMBER_LEN);
        else
            memset(members + offset, LEDGER_MEMBER_UNKNOWN, FINGERPRINT_MEMBER_LEN);
    }
    return slice_make(members, len);
}

/* The stored members with those of the new key in their places. */
static struct slice replace_members(struct slice stored, struct slice key_digests, struct arena *arena)
{
    uint64_t bits = 0;
    const char *member;

    for (size_t i = 0; i < MEMBERS_MAX && (member = member_of(key_digests, i * FINGERPRINT_MEMBER_LEN)); i++)
        if (!fingerprint_member_is((const uint8_t *)member, FINGERPRINT_MEMBER_ABSENT))
            bits |= UINT64_C(1) << i;
    return stored.len > 0 ? choose_members(whole_members(stored), bits, key_digests, stored, arena) : stored;
}

static bool are_all_known(struct slice members)
{
    const char *member;

    for (size_t i = 0; (member = member_of(members, i * FINGERPRINT_MEMBER_LEN)); i++)
        if (fingerprint_member_is((const uint8_t *)member, LEDGER_MEMBER_UNKNOWN))
            return false;
    return true;
}

/* Parts of a row. */

static void close_operation(struct ledger_customer *row)
{
    row->first_sent_at = 0;
}

static void clear_pending(struct ledger_customer *row)
{
    close_operation(row);
    row->pending_digest = row->pending_member_digests = row->pending_email_digest = nothing;
}

static void clear_known(struct ledger_customer *row)
{
    row->digest = row->member_digests = row->email_digest = row->left_out = nothing;
}

static uint64_t later(uint64_t at_ns, uint64_t other_ns)
{
    return at_ns > other_ns ? at_ns : other_ns;
}

/* Whether a link is newer than what is known of its user decides whether another one is made. So their times
 * keep the order in which they came, also when the clock was set back in between. */
static void set_link_at(struct ledger_customer *row, uint64_t at_ns)
{
    row->link_at = later(at_ns, row->verification_at);
}

static void set_verification(struct ledger_customer *row, enum verification verification, struct slice word,
                             struct slice reason, uint64_t at_ns)
{
    bool is_same_state = row->verification == verification && slice_equal(row->verification_word, word);
    bool is_other_reason =
        row->verification_reason.len > 0 && reason.len > 0 && !slice_equal(row->verification_reason, reason);

    if (!is_same_state || is_other_reason)
        row->verification_at = later(at_ns, row->link_at ? row->link_at + 1 : 0);
    row->verification = verification;
    row->verification_word = word;
    row->verification_reason = reason;
}

/* What an answer to a create or an update reports. Only some answers have reasons: one that is known for the
 * same state stays. */
static void acknowledge_verification(struct ledger_customer *row, const struct outcome *outcome,
                                     uint64_t at_ns)
{
    struct slice word = slice_from(outcome->verification_word);
    struct slice reason = slice_from(outcome->verification_reason);

    if (word.len == 0)
        return;
    if (reason.len == 0 &&
        ledger_apply_same_verification(row, outcome->verification, word, row->verification_reason))
        reason = row->verification_reason;
    set_verification(row, outcome->verification, word, reason, at_ns);
}

/* Of a user that the customer has no more. */
static void clear_verification(struct ledger_customer *row)
{
    row->verification = VERIFICATION_UNKNOWN;
    row->verification_word = row->verification_reason = nothing;
    row->verification_at = row->link_at = 0;
}

static void set_attempt(struct ledger_customer *row, int http_status, struct slice code, struct slice message,
                        struct slice request_id)
{
    row->http_status = http_status;
    row->code = code;
    row->message = message;
    row->request_id = request_id;
}

static void stamp(struct ledger_customer *row, const struct ledger_change *change)
{
    if (row->first_run == 0)
        row->first_run = change->run;
    row->updated_run = change->run;
    row->updated_at = change->at_ns;
}

/* An update that may have been executed: what it changes is not known until one is acknowledged. */
static void mark_members_unknown(struct ledger_customer *row, struct arena *arena)
{
    row->digest = nothing;
    row->member_digests = members_in_both(row->member_digests, row->pending_member_digests, arena);
    if (!slice_equal(row->email_digest, row->pending_email_digest))
        row->email_digest = nothing;
}

/* The e-mail that the provider has once pending is acknowledged. It may be the former one where the provider
 * left members out, or where a create was superseded, whose changed members are unknown. */
static struct slice acknowledged_email(const struct ledger_customer *row, uint64_t left_out)
{
    bool is_certain = !left_out && are_all_known(row->pending_member_digests);

    return is_certain || slice_equal(row->email_digest, row->pending_email_digest) ? row->pending_email_digest
                                                                                   : nothing;
}

/* The changes. */

static void set_pending(struct ledger_customer *row, const struct ledger_change *change)
{
    row->pending_digest = change->digest;
    row->pending_member_digests = change->member_digests;
    row->pending_email_digest = change->email_digest;
    if (change->identity.len > 0)
        row->identity = change->identity;
}

static void journal(struct ledger_customer *row, const struct ledger_change *change, struct arena *arena)
{
    bool was_open = ledger_customer_is_open(row);

    if (was_open)
        mark_members_unknown(row, arena);
    if (change->operation == OPERATION_CREATE)
        row->state = LEDGER_JOURNALLED;
    row->operation = change->operation;
    set_pending(row, change);
    row->idempotency_key = change->idempotency_key;
    row->first_sent_at = change->at_ns;
    set_attempt(row, 0, nothing, nothing, nothing);
    row->attempts = was_open; /* it may have been sent */
    if (row->twin != LEDGER_TWIN_ALLOWED)
        row->twin = LEDGER_TWIN_NONE;
}

static void repeat(struct ledger_customer *row, struct arena *arena)
{
    if (row->operation == OPERATION_CREATE)
        row->state = LEDGER_IN_DOUBT;
    else
        mark_members_unknown(row, arena);
    if (row->attempts == 0)
        row->attempts = 1; /* it may have been sent */
}

static void supersede(struct ledger_customer *row, const struct ledger_change *change)
{
    row->state = LEDGER_IN_DOUBT;
    set_pending(row, change);
    if (row->attempts == 0)
        row->attempts = 1;
}

static void acknowledge(struct ledger_customer *row, const struct ledger_change *change, struct arena *arena)
{
    struct slice known = row->member_digests, sent = row->pending_member_digests;

    if (row->operation == OPERATION_CREATE)
        row->user_id = change->user_id;
    row->state = LEDGER_CREATED;
    row->digest = change->left_out ? nothing : row->pending_digest;
    row->member_digests = sent;
    row->email_digest = acknowledged_email(row, change->left_out);
    row->left_out = nothing;
    if (change->left_out) {
        row->member_digests = choose_members(whole_members(sent), change->left_out, known, sent, arena);
        row->left_out = choose_members(whole_members(sent), change->left_out, sent, nothing, arena);
        row->code = SLICE_LITERAL(LEDGER_LEFT_OUT);
    }
    struct slice kept = slice_from(change->outcome->kept);
    if (kept.len > 0)
        row->kept = slice_is(kept, LEDGER_KEPT_NOTHING) ? nothing : kept;
    acknowledge_verification(row, change->outcome, change->at_ns);
    if (change->outcome->link[0])
        set_link_at(row, change->at_ns);
    clear_pending(row);
}

static void refuse(struct ledger_customer *row, const struct ledger_change *change)
{
    if (row->operation == OPERATION_CREATE) {
        row->state = LEDGER_REFUSED;
        row->refusals += change->is_sent; /* else it was not the provider's */
    }
    close_operation(row);
}

/* attempts: before this one. */
static void abandon(struct ledger_customer *row, uint32_t attempts)
{
    bool is_create = row->operation == OPERATION_CREATE;

    if (is_create ? row->state == LEDGER_IN_DOUBT : attempts > 0)
        return;
    if (is_create)
        row->state = LEDGER_UNSENT;
    clear_pending(row);
}

static void apply_result(struct ledger_customer *row, const struct ledger_change *change, struct arena *arena)
{
    const struct outcome *outcome = change->outcome;
    const uint32_t attempts = row->attempts;
    bool in_doubt = change->kind == LEDGER_CHANGE_IN_DOUBT ||
                    (change->kind == LEDGER_CHANGE_RETRY && outcome->kind == OUTCOME_IN_DOUBT);

    if (outcome)
        set_attempt(row, outcome->http_status, slice_from(outcome->code), slice_from(outcome->message),
                    slice_from(outcome->request_id));
    if (change->is_sent && change->attempt > attempts)
        row->attempts = change->attempt;
    if (in_doubt && row->operation == OPERATION_CREATE)
        row->state = LEDGER_IN_DOUBT;
    else if (in_doubt)
        mark_members_unknown(row, arena);
    if (change->kind == LEDGER_CHANGE_ACKNOWLEDGE)
        acknowledge(row, change, arena);
    else if (change->kind == LEDGER_CHANGE_REFUSE)
        refuse(row, change);
    else if (change->kind == LEDGER_CHANGE_ABANDON)
        abandon(row, attempts);
}

static void forget(struct ledger_customer *row)
{
    if (row->state == LEDGER_REFUSED)
        row->state = LEDGER_UNSENT;
    clear_pending(row);
}

static void assign(struct ledger_customer *row, const struct ledger_change *change)
{
    bool is_known = ledger_customer_has_open_create(row) && !change->is_digest_unknown;
    struct slice digest = row->pending_digest, members = row->pending_member_digests;

    clear_known(row);
    if (is_known) {
        row->digest = digest;
        row->member_digests = members;
        row->email_digest = acknowledged_email(row, 0);
    }
    if (!slice_equal(row->user_id, change->user_id)) {
        row->kept = nothing; /* of the other user, as the verification */
        clear_verification(row);
    }
    row->state = LEDGER_CREATED;
    row->user_id = change->user_id;
    if (change->verdict)
        row->verdict = change->verdict;
    row->twin = LEDGER_TWIN_NONE;
    clear_pending(row);
    set_attempt(row, 0, SLICE_LITERAL(OUTCOME_SETTLED), nothing, nothing);
}

static void adopt(struct ledger_customer *row, const struct ledger_change *change)
{
    clear_known(row);
    clear_pending(row);
    row->state = LEDGER_CREATED;
    row->user_id = change->user_id;
    row->digest = change->digest;
    row->member_digests = change->member_digests;
    row->email_digest = change->email_digest;
    if (change->identity.len > 0)
        row->identity = change->identity;
    row->twin = LEDGER_TWIN_NONE;
    set_attempt(row, 0, SLICE_LITERAL(LEDGER_ADOPTED), nothing, nothing);
}

static void hold(struct ledger_customer *row, const struct ledger_change *change)
{
    row->state = LEDGER_REFUSED;
    row->operation = OPERATION_CREATE;
    row->twin = LEDGER_TWIN_NONE;
    set_pending(row, change);
    row->pending_email_digest = nothing;
    set_attempt(row, 0, SLICE_LITERAL(LEDGER_HELD), change->message, nothing);
}

static void clear_user(struct ledger_customer *row)
{
    bool was_held = ledger_customer_is_held(row);

    if (!was_held && !ledger_customer_is_refused_twin(row) && row->attempts == 0)
        row->attempts = 1; /* it may have been sent */
    clear_known(row);
    clear_pending(row);
    row->state = LEDGER_UNSENT;
    row->operation = OPERATION_CREATE;
    row->user_id = row->kept = nothing;
    clear_verification(row);
    row->verdict = 0;
    if (row->twin != LEDGER_TWIN_NONE || was_held)
        row->twin = LEDGER_TWIN_ALLOWED;
    set_attempt(row, 0, SLICE_LITERAL(OUTCOME_SETTLED), nothing, nothing);
}

static void refuse_twin(struct ledger_customer *row, const struct ledger_change *change)
{
    row->state = LEDGER_REFUSED;
    row->operation = OPERATION_CREATE;
    row->twin = LEDGER_TWIN_REFUSED;
    row->pending_digest = change->digest;
    row->pending_member_digests = change->member_digests;
    row->pending_email_digest = nothing;
    set_attempt(row, 0, SLICE_LITERAL(TWIN_CODE), change->message, nothing);
}

static void identify(struct ledger_customer *row, const struct ledger_change *change)
{
    if (change->identity.len > 0)
        row->identity = change->identity;
    if (change->digest.len > 0)
        row->digest = change->digest;
}

static void rekey(struct ledger_customer *row, const struct ledger_change *change, struct arena *arena)
{
    if (row->former_key.len == 0)
        row->former_key = row->external_id;
    row->external_id = change->key;
    if (change->is_digest_unknown)
        row->digest = nothing;
    row->member_digests = replace_members(row->member_digests, change->key_digests, arena);
    row->pending_member_digests = replace_members(row->pending_member_digests, change->key_digests, arena);
}

/* Without a key nobody can erase it, so nothing of a person is left: a twin's message has both keys. */
static void release_key(struct ledger_customer *row)
{
    *row = (struct ledger_customer){.id = row->id,
                                    .state = LEDGER_UNSENT,
                                    .first_run = row->first_run,
                                    .updated_run = row->updated_run,
                                    .updated_at = row->updated_at};
}

/* The changes by which nothing about the last attempt is new: they are not stamped. */
static void apply_beside(struct ledger_customer *row, const struct ledger_change *change)
{
    switch (change->kind) {
    case LEDGER_CHANGE_FORGET:
        forget(row);
        break;
    case LEDGER_CHANGE_STOP_TWIN:
        row->twin = LEDGER_TWIN_STOPPED;
        break;
    case LEDGER_CHANGE_IDENTIFY:
        identify(row, change);
        break;
    case LEDGER_CHANGE_VERIFICATION:
        set_verification(row, change->verification, change->verification_word, change->verification_reason,
                         change->at_ns);
        break;
    case LEDGER_CHANGE_LINK:
        set_link_at(row, change->at_ns);
        break;
    default:
        release_key(row);
        break;
    }
}

struct ledger_customer ledger_apply(const struct ledger_customer *before, const struct ledger_change *change,
                                    struct arena *arena)
{
    struct ledger_customer row = *before;

    assert(ledger_apply_allows(before, change) && "a row may change so");
    switch (change->kind) {
    case LEDGER_CHANGE_JOURNAL:
        journal(&row, change, arena);
        break;
    case LEDGER_CHANGE_REPEAT:
        repeat(&row, arena);
        break;
    case LEDGER_CHANGE_SUPERSEDE:
        supersede(&row, change);
        break;
    case LEDGER_CHANGE_RETRY:
    case LEDGER_CHANGE_ACKNOWLEDGE:
    case LEDGER_CHANGE_REFUSE:
    case LEDGER_CHANGE_IN_DOUBT:
    case LEDGER_CHANGE_ABANDON:
        apply_result(&row, change, arena);
        break;
    case LEDGER_CHANGE_FORGET:
    case LEDGER_CHANGE_STOP_TWIN:
    case LEDGER_CHANGE_IDENTIFY:
    case LEDGER_CHANGE_VERIFICATION:
    case LEDGER_CHANGE_LINK:
    case LEDGER_CHANGE_RELEASE_KEY:
        apply_beside(&row, change);
        return row;
    case LEDGER_CHANGE_ASSIGN:
        assign(&row, change);
        break;
    case LEDGER_CHANGE_ADOPT:
    case LEDGER_CHANGE_HOLD:
        (change->kind == LEDGER_CHANGE_ADOPT ? adopt : hold)(&row, change);
        break;
    case LEDGER_CHANGE_CLEAR:
        clear_user(&row);
        break;
    case LEDGER_CHANGE_REFUSE_TWIN:
        refuse_twin(&row, change);
        break;
    case LEDGER_CHANGE_REKEY:
        rekey(&row, change, arena);
        break;
    case LEDGER_CHANGE_ERASE:
        row = (struct ledger_customer){
            .id = row.id, .external_id = change->key, .state = LEDGER_ERASED, .first_run = row.first_run};
        break;
    case LEDGER_CHANGE_KINDS:
        break;
    }
    stamp(&row, change);
    return row;
}

const char *ledger_change_operation(const struct ledger_customer *row, const struct ledger_change *change)
{
    switch (change->kind) {
    case LEDGER_CHANGE_JOURNAL:
        return operation_word(change->operation);
    case LEDGER_CHANGE_RETRY:
    case LEDGER_CHANGE_ACKNOWLEDGE:
    case LEDGER_CHANGE_REFUSE:
    case LEDGER_CHANGE_IN_DOUBT:
    case LEDGER_CHANGE_ABANDON:
        return operation_word(change->outcome ? change->operation : row->operation);
    case LEDGER_CHANGE_REPEAT:
    case LEDGER_CHANGE_SUPERSEDE:
    case LEDGER_CHANGE_FORGET:
    case LEDGER_CHANGE_ASSIGN:
        return operation_word(row->operation);
    case LEDGER_CHANGE_ADOPT:
        return "adopt";
    case LEDGER_CHANGE_HOLD:
    case LEDGER_CHANGE_CLEAR:
    case LEDGER_CHANGE_REFUSE_TWIN:
    case LEDGER_CHANGE_STOP_TWIN:
        return operation_word(OPERATION_CREATE);
    case LEDGER_CHANGE_IDENTIFY:
        return "identify";
    case LEDGER_CHANGE_VERIFICATION:
    case LEDGER_CHANGE_LINK:
        return "verification";
    case LEDGER_CHANGE_REKEY:
    case LEDGER_CHANGE_RELEASE_KEY:
        return "rekey";
    case LEDGER_CHANGE_ERASE:
    case LEDGER_CHANGE_KINDS:
        break;
    }
    return "erase";
}

const char *ledger_change_outcome(const struct ledger_change *change)
{
    static const char *const words[LEDGER_CHANGE_KINDS] = {
        [LEDGER_CHANGE_JOURNAL] = "journalled",
        [LEDGER_CHANGE_REPEAT] = "repeated",
        [LEDGER_CHANGE_SUPERSEDE] = "superseded",
        [LEDGER_CHANGE_REFUSE] = "refused",
        [LEDGER_CHANGE_IN_DOUBT] = "in_doubt",
        [LEDGER_CHANGE_ABANDON] = "abandoned",
        [LEDGER_CHANGE_FORGET] = "forgotten",
        [LEDGER_CHANGE_ASSIGN] = OUTCOME_SETTLED,
        [LEDGER_CHANGE_ADOPT] = "done",
        [LEDGER_CHANGE_HOLD] = "held",
        [LEDGER_CHANGE_CLEAR] = OUTCOME_SETTLED,
        [LEDGER_CHANGE_REFUSE_TWIN] = "twin_refused",
        [LEDGER_CHANGE_STOP_TWIN] = "twin_stopped",
        [LEDGER_CHANGE_IDENTIFY] = "done",
        [LEDGER_CHANGE_VERIFICATION] = "changed",
        [LEDGER_CHANGE_LINK] = "linked",
        [LEDGER_CHANGE_REKEY] = "done",
        [LEDGER_CHANGE_RELEASE_KEY] = "released",
        [LEDGER_CHANGE_ERASE] = "done",
    };

    return change->is_sent ? outcome_word(change->outcome->kind) : words[change->kind];
}
