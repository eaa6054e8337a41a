/* The life of a customer: every state, every change, and the whole row after it. */
#include "unit/ledger/row_text.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The states, as sets. */
enum {
    NEW = 1 << 0,
    GIVEN_UP = 1 << 1, /* after attempts that did nothing */
    WITHDRAWN = 1 << 2,
    JOURNALLED = 1 << 3,
    RETRIED = 1 << 4, /* its second create: journalled, and throttled */
    IN_DOUBT = 1 << 5,
    SUPERSEDED = 1 << 6,
    TWIN_JOURNALLED = 1 << 7, /* a person allowed it */
    CREATED = 1 << 8,
    UPDATING = 1 << 9,        /* journalled, and not sent again */
    UPDATE_RETRIED = 1 << 10, /* after one of which a member was left out */
    UPDATE_IN_DOUBT = 1 << 11,
    UPDATE_REFUSED = 1 << 12,
    LEFT_OUT = 1 << 13,
    ASSIGNED = 1 << 14, /* by a person */
    ASSIGNED_UPDATING = 1 << 15,
    REFUSED = 1 << 16,
    TWIN = 1 << 17,
    TWIN_STOPPED = 1 << 18,
    TWIN_ALLOWED = 1 << 19,
    RELEASED = 1 << 20,
    ERASED = 1 << 21,
    HELD = 1 << 22,
    STATES = 23,

    TWINS = TWIN | TWIN_STOPPED,
    SENDABLE = NEW | GIVEN_UP | WITHDRAWN | REFUSED | TWINS | TWIN_ALLOWED | HELD,
    CREATES = JOURNALLED | RETRIED | IN_DOUBT | SUPERSEDED | TWIN_JOURNALLED,
    UPDATES = UPDATING | UPDATE_RETRIED | UPDATE_IN_DOUBT | ASSIGNED_UPDATING,
    USERS = CREATED | UPDATES | UPDATE_REFUSED | LEFT_OUT | ASSIGNED,
};

#define BASE "id=1 key=C-1 first_run=1 run=1 at=50 "
#define SENT BASE "identity=i idempotency=K-1 "
#define OPEN SENT "pending=abc pending_members=abc pending_email=a first_sent=40 "
#define USER SENT "state=created user=U-1 digest=abc members=abc email=a kept=k1 "
#define UPDATE                                                                                               \
    USER "operation=update pending=xbc pending_members=xbc pending_email=x idempotency=K-2 first_sent=40 "

static const struct {
    const char *name, *row;
} states[STATES] = {
    {"new", "id=1 key=C-1 state=unsent"},
    {"given up", SENT "state=unsent attempts=2 http=503 code=busy message=m request=r-1"},
    {"withdrawn", SENT "state=unsent"},
    {"journalled", OPEN "state=journalled at=40"},
    {"retried", OPEN "state=journalled refusals=1 attempts=2 http=503 code=busy message=m request=r-1"},
    {"in doubt", OPEN "state=in_doubt attempts=1 code=reset message=m"},
    {"superseded",
     OPEN "state=in_doubt attempts=1 pending=sss pending_members=?bc pending_email=s code=reset"},
    {"an allowed twin, journalled", OPEN "state=journalled twin=allowed at=40"},
    {"created",
     USER "attempts=1 http=201 request=r-1 verification=verified verification_word=w verification_reason=r "
          "verification_at=7 link_at=8"},
    {"updating", UPDATE},
    {"an update retried",
     UPDATE "digest=- members=ayz left_out=x?? pending=xyw pending_members=xyw attempts=1 "
            "http=503 code=busy"},
    {"an update in doubt", UPDATE "digest=- members=?bc email=- attempts=1 code=reset message=m "
                                  "verification=rejected verification_word=w2 verification_reason=x "
                                  "verification_at=7"},
    {"an update refused", UPDATE "first_sent=0 attempts=1 http=422 code=bad message=m request=r-1"},
    {"left out", USER "operation=update former=C-0 digest=- members=ayz left_out=x?? attempts=1 http=200 "
                      "code=left_out"},
    {"assigned", BASE "state=created user=U-1 verdict=9 code=settled verification=pending "
                      "verification_word=p verification_at=6 link_at=5"},
    {"assigned, and updating", BASE "state=created user=U-1 verdict=9 operation=update pending=xbc "
                                    "pending_members=xbc pending_email=x first_sent=40 attempts=1 http=503"},
    {"refused",
     OPEN "state=refused first_sent=0 refusals=1 attempts=1 http=422 code=bad message=m request=r-1"},
    {"a twin", BASE "state=refused twin=refused pending=abc pending_members=abc code=twin message=m"},
    {"a stopped twin", BASE "state=refused twin=stopped pending=abc pending_members=abc code=twin message=m"},
    {"an allowed twin", BASE "state=unsent twin=allowed code=settled"},
    {"released", "id=1 key=- state=unsent first_run=1 run=1 at=50"},
    {"erased", "id=1 key=erased:1 state=erased first_run=1 run=1 at=50"},
    {"held", SENT "state=refused pending=abc pending_members=abc code=adopt_unclear message=m"},
};

enum change {
    JOURNAL_CREATE,
    JOURNAL_UPDATE,
    JOURNAL_QUESTION,
    JOURNAL_WITHOUT_DIGEST,
    JOURNAL_WITHOUT_MEMBERS,
    JOURNAL_WITHOUT_TIME,
    REPEAT,
    SUPERSEDE,
    SUPERSEDE_WITHOUT_DIGEST,
    RETRY,
    RETRY_IN_DOUBT,
    RETRY_QUESTION,
    RETRY_UNSENT,
    RETRY_WITHOUT_OUTCOME,
    RETRY_OF_UPDATE,
    RETRY_LEFT_OUT,
    ACKNOWLEDGE,
    ACKNOWLEDGE_FETCHED,
    ACKNOWLEDGE_WITHOUT_USER,
    ACKNOWLEDGE_WITHOUT_OUTCOME,
    ACKNOWLEDGE_LEFT_OUT,
    ACKNOWLEDGE_VERIFIED,
    REFUSE,
    REFUSE_UNSENT,
    REFUSE_WITHOUT_OUTCOME,
    DOUBT,
    DOUBT_WITHOUT_OUTCOME,
    ABANDON,
    ABANDON_SENT,
    ABANDON_UNSENT,
    ABANDON_IN_DOUBT,
    FORGET,
    ASSIGN,
    ASSIGN_UNKNOWN,
    ASSIGN_SAME,
    ASSIGN_NOBODY,
    ADOPT,
    ADOPT_DIFFERING,
    ADOPT_NOBODY,
    ADOPT_WITHOUT_MEMBERS,
    HOLD,
    HOLD_WITHOUT_DIGEST,
    CLEAR,
    REFUSE_TWIN,
    REFUSE_TWIN_WITHOUT_DIGEST,
    STOP_TWIN,
    IDENTIFY,
    IDENTIFY_PERSON,
    VERIFICATION,
    VERIFICATION_OF_CREATED,
    VERIFICATION_OF_NONE,
    LINK,
    LINK_WITHOUT_TIME,
    REKEY,
    REKEY_UNKNOWN,
    REKEY_TO_NOTHING,
    RELEASE_KEY,
    ERASE,
    ERASE_WITHOUT_KEY,
    NO_CHANGE,
    CHANGES
};

/* Of a change: letters as in row_text.h. */
struct sample {
    const char *name;
    enum ledger_change_kind kind;
    enum operation operation;
    bool is_own; /* the operation is the row's */
    const char *digest, *members, *email, *identity, *user, *key, *key_members;
    int64_t verdict;
    bool is_unknown, is_timeless;
    enum { NOTHING, LEFT, UNSENT } sent;
    enum outcome_kind outcome;
    int http;
    const char *code;
    uint64_t left_out;
    enum verification verification;
    const char *word, *reason, *link;
};

#define SAMPLE(sentence, change)      .name = (sentence), .kind = LEDGER_CHANGE_##change
#define DATA                          .digest = "xyc", .members = "xyc", .email = "x", .identity = "j"
#define LEFT_WITH(kind, status, word) .sent = LEFT, .outcome = (kind), .http = (status), .code = (word)

static const struct sample samples[CHANGES] = {
    [JOURNAL_CREATE] = {SAMPLE("journal a create", JOURNAL), DATA},
    [JOURNAL_UPDATE] = {SAMPLE("journal an update", JOURNAL), .operation = OPERATION_UPDATE, DATA},
    [JOURNAL_QUESTION] = {SAMPLE("journal a question", JOURNAL), .operation = OPERATION_LOOK_UP, DATA},
    [JOURNAL_WITHOUT_DIGEST] = {SAMPLE("journal nothing", JOURNAL), .is_own = true, .members = "xyc"},
    [JOURNAL_WITHOUT_MEMBERS] = {SAMPLE("journal no member", JOURNAL), .is_own = true, .digest = "xyc"},
    [JOURNAL_WITHOUT_TIME] = {SAMPLE("journal at no time", JOURNAL), .is_own = true, DATA,
                              .is_timeless = true},
    [REPEAT] = {SAMPLE("repeat", REPEAT)},
    [SUPERSEDE] = {SAMPLE("supersede", SUPERSEDE), .digest = "zzz", .members = "??c", .email = "x",
                   .identity = "j"},
    [SUPERSEDE_WITHOUT_DIGEST] = {SAMPLE("supersede by nothing", SUPERSEDE), .members = "??c"},
    [RETRY] = {SAMPLE("retry", RETRY), .is_own = true, LEFT_WITH(OUTCOME_THROTTLED, 429, "slow")},
    [RETRY_IN_DOUBT] = {SAMPLE("retry what may have happened", RETRY), .is_own = true,
                        LEFT_WITH(OUTCOME_IN_DOUBT, 0, "timeout")},
    [RETRY_QUESTION] = {SAMPLE("go on after a question", RETRY), .operation = OPERATION_LOOK_UP,
                        LEFT_WITH(OUTCOME_DONE, 200, "absent")},
    [RETRY_UNSENT] = {SAMPLE("retry what was not sent", RETRY), .is_own = true, .sent = UNSENT,
                      .outcome = OUTCOME_NOT_SENT},
    [RETRY_WITHOUT_OUTCOME] = {SAMPLE("retry without an outcome", RETRY), .is_own = true},
    [RETRY_OF_UPDATE] = {SAMPLE("retry with the outcome of no operation of its own", RETRY),
                         .operation = OPERATION_LIST + 100, LEFT_WITH(OUTCOME_THROTTLED, 429, "slow")},
    [RETRY_LEFT_OUT] = {SAMPLE("retry with members left out", RETRY), .is_own = true,
                        LEFT_WITH(OUTCOME_THROTTLED, 429, "slow"), .left_out = 1},
    [ACKNOWLEDGE] = {SAMPLE("acknowledge", ACKNOWLEDGE), .is_own = true, .user = "U-2",
                     LEFT_WITH(OUTCOME_DONE, 201, "-")},
    [ACKNOWLEDGE_FETCHED] = {SAMPLE("acknowledge by a question", ACKNOWLEDGE), .operation = OPERATION_FETCH,
                             .user = "U-2", LEFT_WITH(OUTCOME_DONE, 200, "found")},
    [ACKNOWLEDGE_WITHOUT_USER] = {SAMPLE("acknowledge without a user", ACKNOWLEDGE), .is_own = true,
                                  LEFT_WITH(OUTCOME_DONE, 201, "-")},
    [ACKNOWLEDGE_WITHOUT_OUTCOME] = {SAMPLE("acknowledge without an outcome", ACKNOWLEDGE), .is_own = true,
                                     .user = "U-2"},
    [ACKNOWLEDGE_LEFT_OUT] = {SAMPLE("acknowledge but for a member", ACKNOWLEDGE), .is_own = true,
                              .user = "U-2", LEFT_WITH(OUTCOME_DONE, 201, "-"), .left_out = 1},
    [ACKNOWLEDGE_VERIFIED] = {SAMPLE("acknowledge with a verification", ACKNOWLEDGE), .is_own = true,
                              .user = "U-2", LEFT_WITH(OUTCOME_DONE, 201, "-"),
                              .verification = VERIFICATION_REJECTED, .word = "w2", .reason = "x",
                              .link = "https://verify.example.com/a"},
    [REFUSE] = {SAMPLE("refuse", REFUSE), .is_own = true, LEFT_WITH(OUTCOME_REFUSED, 422, "no")},
    [REFUSE_UNSENT] = {SAMPLE("refuse unsent", REFUSE), .is_own = true, .sent = UNSENT,
                       .outcome = OUTCOME_REFUSED, .code = "not_built"},
    [REFUSE_WITHOUT_OUTCOME] = {SAMPLE("refuse without an outcome", REFUSE), .is_own = true},
    [DOUBT] = {SAMPLE("leave in doubt", IN_DOUBT), .is_own = true, LEFT_WITH(OUTCOME_IN_DOUBT, 0, "timeout")},
    [DOUBT_WITHOUT_OUTCOME] = {SAMPLE("leave in doubt without an outcome", IN_DOUBT), .is_own = true},
    [ABANDON] = {SAMPLE("abandon", ABANDON), .is_own = true},
    [ABANDON_SENT] = {SAMPLE("abandon by an attempt", ABANDON), .is_own = true,
                      LEFT_WITH(OUTCOME_STOP, 401, "login")},
    [ABANDON_UNSENT] = {SAMPLE("abandon with an outcome of ours", ABANDON), .is_own = true, .sent = UNSENT,
                        .outcome = OUTCOME_WITHDRAWN},
    [ABANDON_IN_DOUBT] = {SAMPLE("abandon what may have happened", ABANDON), .is_own = true,
                          LEFT_WITH(OUTCOME_IN_DOUBT, 0, "timeout")},
    [FORGET] = {SAMPLE("forget", FORGET)},
    [ASSIGN] = {SAMPLE("assign", ASSIGN), .user = "U-2", .verdict = 12},
    [ASSIGN_UNKNOWN] = {SAMPLE("assign, not compared", ASSIGN), .user = "U-2", .verdict = 12,
                        .is_unknown = true},
    [ASSIGN_SAME] = {SAMPLE("accept", ASSIGN), .user = "U-1"},
    [ASSIGN_NOBODY] = {SAMPLE("assign nobody", ASSIGN), .verdict = 12},
    [ADOPT] = {SAMPLE("adopt", ADOPT), DATA, .user = "U-2"},
    [ADOPT_DIFFERING] = {SAMPLE("adopt, but for a member", ADOPT), .members = "xyc", .email = "x",
                         .user = "U-2"},
    [ADOPT_NOBODY] = {SAMPLE("adopt nobody", ADOPT), DATA},
    [ADOPT_WITHOUT_MEMBERS] = {SAMPLE("adopt without members", ADOPT), .digest = "xyc", .user = "U-2"},
    [HOLD] = {SAMPLE("hold", HOLD), DATA},
    [HOLD_WITHOUT_DIGEST] = {SAMPLE("hold without a digest", HOLD), .members = "xyc"},
    [CLEAR] = {SAMPLE("clear", CLEAR)},
    [REFUSE_TWIN] = {SAMPLE("refuse a twin", REFUSE_TWIN), DATA},
    [REFUSE_TWIN_WITHOUT_DIGEST] = {SAMPLE("refuse a twin without a digest", REFUSE_TWIN), .members = "xyc"},
    [STOP_TWIN] = {SAMPLE("stop a twin", STOP_TWIN)},
    [IDENTIFY] = {SAMPLE("identify", IDENTIFY), .digest = "xyc", .identity = "j"},
    [IDENTIFY_PERSON] = {SAMPLE("identify the person", IDENTIFY), .identity = "j"},
    [VERIFICATION] = {SAMPLE("another verification", VERIFICATION), .verification = VERIFICATION_REJECTED,
                      .word = "w2", .reason = "x"},
    [VERIFICATION_OF_CREATED] = {SAMPLE("the verification of `created`", VERIFICATION),
                                 .verification = VERIFICATION_VERIFIED, .word = "w", .reason = "r"},
    [VERIFICATION_OF_NONE] = {SAMPLE("no verification", VERIFICATION)},
    [LINK] = {SAMPLE("a link", LINK)},
    [LINK_WITHOUT_TIME] = {SAMPLE("a link at no time", LINK), .is_timeless = true},
    [REKEY] = {SAMPLE("rekey", REKEY), .key = "C-2", .key_members = ".k.."},
    [REKEY_UNKNOWN] = {SAMPLE("rekey, and the key is sent", REKEY), .key = "C-2", .key_members = ".k",
                       .is_unknown = true},
    [REKEY_TO_NOTHING] = {SAMPLE("rekey to nothing", REKEY), .key_members = ".k."},
    [RELEASE_KEY] = {SAMPLE("release the key", RELEASE_KEY)},
    [ERASE] = {SAMPLE("erase", ERASE), .key = "erased:9"},
    [ERASE_WITHOUT_KEY] = {SAMPLE("erase without a key", ERASE)},
    [NO_CHANGE] = {SAMPLE("no change", KINDS)},
};

static struct ledger_change make_change(struct arena *arena, const struct sample *sample,
                                        const struct ledger_customer *row, struct outcome *outcome)
{
    struct ledger_change change = {
        .kind = sample->kind,
        .run = 2,
        .at_ns = sample->is_timeless ? 0 : 100,
        .operation = sample->is_own ? row->operation : sample->operation,
        .digest = row_text_digest(arena, sample->digest),
        .member_digests = row_text_members(arena, sample->members),
        .email_digest = row_text_members(arena, sample->email),
        .idempotency_key = SLICE_LITERAL("K-9"),
        .identity = row_text_word(arena, sample->identity),
        .is_sent = sample->sent == LEFT,
        .attempt = 3,
        .left_out = sample->left_out,
        .user_id = row_text_word(arena, sample->user),
        .verdict = sample->verdict,
        .is_digest_unknown = sample->is_unknown,
        .verification = sample->verification,
        .verification_word = row_text_word(arena, sample->word),
        .verification_reason = row_text_word(arena, sample->reason),
        .message = SLICE_LITERAL("same"),
        .key = row_text_word(arena, sample->key),
        .key_digests = row_text_members(arena, sample->key_members),
    };
    if (sample->operation == OPERATION_LIST + 100) /* the other one, and of a create no question */
        change.operation = row->operation == OPERATION_CREATE ? OPERATION_UPDATE : OPERATION_CREATE;
    if (sample->sent == NOTHING)
        return change;
    *outcome = (struct outcome){.kind = sample->outcome, .http_status = sample->http};
    if (sample->code && sample->code[0] != '-')
        snprintf(outcome->code, sizeof outcome->code, "%s", sample->code);
    snprintf(outcome->message, sizeof outcome->message, "n");
    if (sample->http)
        snprintf(outcome->request_id, sizeof outcome->request_id, "r-9");
    if (sample->kind == LEDGER_CHANGE_ACKNOWLEDGE && sample->is_own)
        snprintf(outcome->kept, sizeof outcome->kept, "k2");
    if (sample->word) {
        outcome->verification = sample->verification;
        snprintf(outcome->verification_word, sizeof outcome->verification_word, "%s", sample->word);
        snprintf(outcome->verification_reason, sizeof outcome->verification_reason, "%s", sample->reason);
        snprintf(outcome->link, sizeof outcome->link, "%s", sample->link);
    }
    change.outcome = outcome;
    return change;
}

/* What differs in the row after a change; every other column is as before. */
#define STAMPED               "run=2 at=100 "
#define NO_PENDING            "pending=- pending_members=- pending_email=- first_sent=0 "
#define NO_ATTEMPT            "http=0 code=- message=- request=- "
#define PENDING               "identity=j pending=xyc pending_members=xyc pending_email=x idempotency=K-9 first_sent=100 "
#define ATTEMPT(status, word) "attempts=3 http=" status " code=" word " message=n request=r-9 " STAMPED
#define TIMEOUT               "attempts=3 http=0 code=timeout message=n request=- " STAMPED
#define NEW_CREATE            "state=journalled " PENDING NO_ATTEMPT "attempts=0 " STAMPED
#define NEW_UPDATE            "operation=update " PENDING NO_ATTEMPT STAMPED
#define SUPERSEDING           "state=in_doubt identity=j pending=zzz pending_members=??c pending_email=x " STAMPED
#define ACKNOWLEDGED          "left_out=- kept=k2 " NO_PENDING ATTEMPT("201", "-")
#define PARTLY                "digest=- kept=k2 " NO_PENDING ATTEMPT("201", "left_out")
#define KNOWN_CREATE          "digest=abc members=abc email=a "
#define NONE_KNOWN            "digest=- members=- email=- left_out=- "
#define SETTLED               NO_PENDING "http=0 code=settled message=- request=- " STAMPED
#define ASSIGNED_TO(user, verdict)                                                                           \
    "state=created user=" user " verdict=" verdict " twin=- " NONE_KNOWN SETTLED
#define NO_VERIFICATION                                                                                      \
    "verification=- verification_word=- verification_reason=- verification_at=0 link_at=0 "
#define REJECTED "verification=rejected verification_word=w2 verification_reason=x "
#define CLEARED  "state=unsent operation=create user=- verdict=0 kept=- " NO_VERIFICATION NONE_KNOWN SETTLED
#define REFUSED_TWIN                                                                                            \
    "state=refused twin=refused pending=xyc pending_members=xyc pending_email=- http=0 code=twin message=same " \
    "request=- " STAMPED
#define ADOPTED                                                                                              \
    "state=created user=U-2 twin=- digest=xyc members=xyc email=x left_out=- http=0 code=adopted "           \
    "message=- request=- " NO_PENDING STAMPED
#define HELD_BACK                                                                                            \
    "state=refused twin=- identity=j pending=xyc pending_members=xyc pending_email=- http=0 "                \
    "code=adopt_unclear message=same request=- " STAMPED
#define NOTHING_LEFT                                                                                            \
    "key=erased:9 former=- state=erased user=- kept=- identity=- twin=- verdict=0 operation=create " NONE_KNOWN \
        NO_PENDING NO_ATTEMPT "idempotency=- refusals=0 attempts=0 " NO_VERIFICATION STAMPED

static const struct {
    enum change change;
    unsigned states;
    const char *after;
} legal[] = {
    {JOURNAL_CREATE, NEW, NEW_CREATE "first_run=2"},
    {JOURNAL_CREATE, GIVEN_UP | WITHDRAWN | REFUSED | TWIN_ALLOWED | HELD, NEW_CREATE},
    {JOURNAL_CREATE, TWINS, NEW_CREATE "twin=-"},
    {JOURNAL_UPDATE, CREATED | UPDATE_REFUSED | LEFT_OUT | ASSIGNED, NEW_UPDATE "attempts=0"},
    {JOURNAL_UPDATE, UPDATING, NEW_UPDATE "attempts=1 digest=- members=?bc email=-"},
    {JOURNAL_UPDATE, UPDATE_RETRIED, NEW_UPDATE "attempts=1 members=?y? email=-"},
    {JOURNAL_UPDATE, UPDATE_IN_DOUBT | ASSIGNED_UPDATING, NEW_UPDATE "attempts=1"},
    {REPEAT, JOURNALLED | TWIN_JOURNALLED, "state=in_doubt attempts=1 " STAMPED},
    {REPEAT, RETRIED, "state=in_doubt " STAMPED},
    {REPEAT, IN_DOUBT | SUPERSEDED | UPDATE_IN_DOUBT | ASSIGNED_UPDATING, STAMPED},
    {REPEAT, UPDATING, "attempts=1 digest=- members=?bc email=- " STAMPED},
    {REPEAT, UPDATE_RETRIED, "members=?y? email=- " STAMPED},
    {SUPERSEDE, JOURNALLED | TWIN_JOURNALLED, SUPERSEDING "attempts=1"},
    {SUPERSEDE, RETRIED | IN_DOUBT | SUPERSEDED, SUPERSEDING},
    {RETRY, CREATES | UPDATES, ATTEMPT("429", "slow")},
    {RETRY_IN_DOUBT, CREATES, "state=in_doubt " TIMEOUT},
    {RETRY_IN_DOUBT, UPDATING, "digest=- members=?bc email=- " TIMEOUT},
    {RETRY_IN_DOUBT, UPDATE_RETRIED, "members=?y? email=- " TIMEOUT},
    {RETRY_IN_DOUBT, UPDATE_IN_DOUBT | ASSIGNED_UPDATING, TIMEOUT},
    {RETRY_QUESTION, CREATES, ATTEMPT("200", "absent")},
    {ACKNOWLEDGE, CREATES & ~SUPERSEDED, ACKNOWLEDGED "state=created user=U-2 " KNOWN_CREATE},
    {ACKNOWLEDGE, SUPERSEDED, ACKNOWLEDGED "state=created user=U-2 digest=sss members=?bc email=-"},
    {ACKNOWLEDGE, UPDATES & ~UPDATE_RETRIED, ACKNOWLEDGED "digest=xbc members=xbc email=x"},
    {ACKNOWLEDGE, UPDATE_RETRIED, ACKNOWLEDGED "digest=xyw members=xyw email=x"},
    {ACKNOWLEDGE_FETCHED, CREATES & ~SUPERSEDED,
     NO_PENDING ATTEMPT("200", "found") "state=created user=U-2 " KNOWN_CREATE},
    {ACKNOWLEDGE_FETCHED, SUPERSEDED,
     NO_PENDING ATTEMPT("200", "found") "state=created user=U-2 digest=sss members=?bc email=-"},
    {ACKNOWLEDGE_WITHOUT_USER, UPDATES & ~UPDATE_RETRIED, ACKNOWLEDGED "digest=xbc members=xbc email=x"},
    {ACKNOWLEDGE_WITHOUT_USER, UPDATE_RETRIED, ACKNOWLEDGED "digest=xyw members=xyw email=x"},
    {ACKNOWLEDGE_LEFT_OUT, UPDATING, PARTLY "members=abc left_out=x?? email=-"},
    {ACKNOWLEDGE_LEFT_OUT, UPDATE_RETRIED, PARTLY "members=ayw left_out=x?? email=-"},
    {ACKNOWLEDGE_LEFT_OUT, UPDATE_IN_DOUBT | ASSIGNED_UPDATING, PARTLY "members=?bc left_out=x??"},
    {ACKNOWLEDGE_VERIFIED, CREATES & ~SUPERSEDED,
     ACKNOWLEDGED "state=created user=U-2 " KNOWN_CREATE REJECTED "verification_at=100 link_at=100"},
    {ACKNOWLEDGE_VERIFIED, SUPERSEDED,
     ACKNOWLEDGED "state=created user=U-2 digest=sss members=?bc email=- " REJECTED
                  "verification_at=100 link_at=100"},
    {ACKNOWLEDGE_VERIFIED, UPDATING | ASSIGNED_UPDATING,
     ACKNOWLEDGED "digest=xbc members=xbc email=x " REJECTED "verification_at=100 link_at=100"},
    {ACKNOWLEDGE_VERIFIED, UPDATE_IN_DOUBT, ACKNOWLEDGED "digest=xbc members=xbc email=x link_at=100"},
    {ACKNOWLEDGE_VERIFIED, UPDATE_RETRIED,
     ACKNOWLEDGED "digest=xyw members=xyw email=x " REJECTED "verification_at=100 link_at=100"},
    {REFUSE, CREATES & ~RETRIED, "state=refused refusals=1 first_sent=0 " ATTEMPT("422", "no")},
    {REFUSE, RETRIED, "state=refused refusals=2 first_sent=0 " ATTEMPT("422", "no")},
    {REFUSE, UPDATES, "first_sent=0 " ATTEMPT("422", "no")},
    {REFUSE_UNSENT, CREATES, "state=refused first_sent=0 http=0 code=not_built message=n request=- " STAMPED},
    {REFUSE_UNSENT, UPDATES, "first_sent=0 http=0 code=not_built message=n request=- " STAMPED},
    {REFUSE_WITHOUT_OUTCOME, CREATES, "state=refused first_sent=0 " STAMPED},
    {REFUSE_WITHOUT_OUTCOME, UPDATES, "first_sent=0 " STAMPED},
    {DOUBT, CREATES, "state=in_doubt " TIMEOUT},
    {DOUBT, UPDATING, "digest=- members=?bc email=- " TIMEOUT},
    {DOUBT, UPDATE_RETRIED, "members=?y? email=- " TIMEOUT},
    {DOUBT, UPDATE_IN_DOUBT | ASSIGNED_UPDATING, TIMEOUT},
    {DOUBT_WITHOUT_OUTCOME, CREATES, "state=in_doubt " STAMPED},
    {DOUBT_WITHOUT_OUTCOME, UPDATING, "digest=- members=?bc email=- " STAMPED},
    {DOUBT_WITHOUT_OUTCOME, UPDATE_RETRIED, "members=?y? email=- " STAMPED},
    {DOUBT_WITHOUT_OUTCOME, UPDATE_IN_DOUBT | ASSIGNED_UPDATING, STAMPED},
    {ABANDON, JOURNALLED | RETRIED | TWIN_JOURNALLED, "state=unsent " NO_PENDING STAMPED},
    {ABANDON, IN_DOUBT | SUPERSEDED | (UPDATES & ~UPDATING), STAMPED},
    {ABANDON, UPDATING, NO_PENDING STAMPED},
    {ABANDON_SENT, JOURNALLED | RETRIED | TWIN_JOURNALLED,
     "state=unsent " NO_PENDING ATTEMPT("401", "login")},
    {ABANDON_SENT, IN_DOUBT | SUPERSEDED | (UPDATES & ~UPDATING), ATTEMPT("401", "login")},
    {ABANDON_SENT, UPDATING, NO_PENDING ATTEMPT("401", "login")},
    {FORGET, REFUSED | HELD, "state=unsent " NO_PENDING},
    {FORGET, UPDATE_REFUSED, NO_PENDING},
    {ASSIGN, NEW, ASSIGNED_TO("U-2", "12") "first_run=2"},
    {ASSIGN, (SENDABLE & ~NEW) | USERS, ASSIGNED_TO("U-2", "12") NO_VERIFICATION "kept=-"},
    {ASSIGN, CREATES & ~SUPERSEDED, ASSIGNED_TO("U-2", "12") KNOWN_CREATE},
    {ASSIGN, SUPERSEDED, ASSIGNED_TO("U-2", "12") "digest=sss members=?bc email=-"},
    {ASSIGN_UNKNOWN, NEW, ASSIGNED_TO("U-2", "12") "first_run=2"},
    {ASSIGN_UNKNOWN, (SENDABLE & ~NEW) | CREATES | USERS, ASSIGNED_TO("U-2", "12") NO_VERIFICATION "kept=-"},
    {ASSIGN_SAME, NEW, ASSIGNED_TO("U-1", "0") "first_run=2"},
    {ASSIGN_SAME, (SENDABLE & ~NEW) | (USERS & ~(ASSIGNED | ASSIGNED_UPDATING)), ASSIGNED_TO("U-1", "0")},
    {ASSIGN_SAME, ASSIGNED | ASSIGNED_UPDATING, ASSIGNED_TO("U-1", "9")},
    {ASSIGN_SAME, CREATES & ~SUPERSEDED, ASSIGNED_TO("U-1", "0") KNOWN_CREATE},
    {ASSIGN_SAME, SUPERSEDED, ASSIGNED_TO("U-1", "0") "digest=sss members=?bc email=-"},
    {CLEAR, JOURNALLED | TWIN_JOURNALLED | ASSIGNED, CLEARED "attempts=1"},
    {CLEAR, RETRIED | IN_DOUBT | SUPERSEDED | ASSIGNED_UPDATING, CLEARED},
    {CLEAR, TWINS | HELD, CLEARED "twin=allowed"},
    {ADOPT, NEW, ADOPTED "first_run=2 identity=j"},
    {ADOPT, (SENDABLE & ~NEW) | CREATES, ADOPTED "identity=j"},
    {ADOPT_DIFFERING, NEW, ADOPTED "first_run=2 digest=-"},
    {ADOPT_DIFFERING, (SENDABLE & ~NEW) | CREATES, ADOPTED "digest=-"},
    {HOLD, NEW, HELD_BACK "first_run=2"},
    {HOLD, SENDABLE & ~(NEW | TWIN_ALLOWED), HELD_BACK},
    {REFUSE_TWIN, NEW, REFUSED_TWIN "first_run=2"},
    {REFUSE_TWIN, SENDABLE & ~NEW, REFUSED_TWIN},
    {STOP_TWIN, TWIN, "twin=stopped"},
    {IDENTIFY, USERS & ~(ASSIGNED | ASSIGNED_UPDATING), "identity=j digest=xyc"},
    {IDENTIFY_PERSON, USERS, "identity=j"},
    {VERIFICATION, USERS & ~UPDATE_IN_DOUBT, REJECTED "verification_at=100"},
    {VERIFICATION_OF_CREATED, USERS & ~CREATED,
     "verification=verified verification_word=w verification_reason=r verification_at=100"},
    {VERIFICATION_OF_NONE, CREATED | ASSIGNED | UPDATE_IN_DOUBT,
     "verification=- verification_word=- verification_reason=- verification_at=100"},
    {LINK, USERS, "link_at=100"},
    {REKEY, CREATED, "key=C-2 former=C-1 members=akc " STAMPED},
    {REKEY, UPDATING | UPDATE_REFUSED, "key=C-2 former=C-1 members=akc pending_members=xkc " STAMPED},
    {REKEY, UPDATE_RETRIED, "key=C-2 former=C-1 members=akz pending_members=xkw " STAMPED},
    {REKEY, UPDATE_IN_DOUBT, "key=C-2 former=C-1 members=?kc pending_members=xkc " STAMPED},
    {REKEY, LEFT_OUT, "key=C-2 members=akz " STAMPED},
    {REKEY, ASSIGNED, "key=C-2 former=C-1 " STAMPED},
    {REKEY, ASSIGNED_UPDATING, "key=C-2 former=C-1 pending_members=xkc " STAMPED},
    {REKEY_UNKNOWN, CREATED, "key=C-2 former=C-1 digest=- members=akc " STAMPED},
    {REKEY_UNKNOWN, UPDATING | UPDATE_REFUSED,
     "key=C-2 former=C-1 digest=- members=akc pending_members=xkc " STAMPED},
    {REKEY_UNKNOWN, UPDATE_RETRIED, "key=C-2 former=C-1 members=akz pending_members=xkw " STAMPED},
    {REKEY_UNKNOWN, UPDATE_IN_DOUBT, "key=C-2 former=C-1 members=?kc pending_members=xkc " STAMPED},
    {REKEY_UNKNOWN, LEFT_OUT, "key=C-2 members=akz " STAMPED},
    {REKEY_UNKNOWN, ASSIGNED, "key=C-2 former=C-1 " STAMPED},
    {REKEY_UNKNOWN, ASSIGNED_UPDATING, "key=C-2 former=C-1 pending_members=xkc " STAMPED},
    {RELEASE_KEY, NEW | WITHDRAWN | TWINS | HELD,
     "key=- state=unsent identity=- twin=- idempotency=- " NO_PENDING NO_ATTEMPT},
    {ERASE, NEW, NOTHING_LEFT "first_run=2"},
    {ERASE, (SENDABLE & ~NEW) | CREATED | UPDATE_REFUSED | LEFT_OUT | ASSIGNED | RELEASED, NOTHING_LEFT},
};

/* What the table says of a pair; NULL: it is illegal. */
static const char *find_legal(enum change change, size_t state)
{
    const char *after = NULL;
    for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
        if (legal[i].change == change && legal[i].states >> state & 1) {
            if (after)
                fail_msg("%s, %s is in the table twice", states[state].name, samples[change].name);
            after = legal[i].after;
        }
    return after;
}

static bool aborts(const struct ledger_customer *row, const struct ledger_change *change, struct arena *arena)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        signal(SIGABRT, SIG_DFL);
        ledger_apply(row, change, arena);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* Of every row that a change may leave, or that the table begins with. */
static const char *broken_invariant(const struct ledger_customer *row)
{
    bool is_open = row->first_sent_at != 0, is_created = row->state == LEDGER_CREATED;
    bool is_create = is_open && row->operation == OPERATION_CREATE;
    bool is_in_doubt = row->state == LEDGER_JOURNALLED || row->state == LEDGER_IN_DOUBT;
    bool is_twin = row->twin == LEDGER_TWIN_REFUSED || row->twin == LEDGER_TWIN_STOPPED;
    const char *lacks = ledger_customer_lacks(row);

    if (lacks)
        return lacks;
    if (is_created != (row->user_id.len > 0))
        return "a user if and only if it is created";
    if (is_create != is_in_doubt)
        return "an open create if and only if it is journalled or in doubt";
    if (is_open && (row->pending_digest.len == 0 || row->pending_member_digests.len == 0))
        return "an open operation with its digests";
    if (!is_created && (row->digest.len || row->member_digests.len || row->email_digest.len ||
                        row->left_out.len || row->kept.len || row->verdict || row->verification ||
                        row->verification_word.len || row->verification_at || row->link_at))
        return "nothing that the provider has, without a user";
    if (is_twin && row->state != LEDGER_REFUSED)
        return "a twin that is refused";
    if (row->operation != OPERATION_CREATE && !is_created)
        return "an update of a user only";
    return NULL;
}

static void every_change_of_every_state(void **state)
{
    struct arena arena;
    size_t pairs = 0;
    (void)state;
    arena_init(&arena, 65536);
    for (size_t i = 0; i < STATES; i++)
        for (enum change j = 0; j < CHANGES; j++) {
            char got[ROW_TEXT_SIZE], want[ROW_TEXT_SIZE], untouched[ROW_TEXT_SIZE];
            struct outcome outcome;
            const char *after = find_legal(j, i);
            arena_reset(&arena);
            struct ledger_customer row = row_text_make(&arena, states[i].row), expected = row;
            struct ledger_change change = make_change(&arena, &samples[j], &row, &outcome);
            if (broken_invariant(&row))
                fail_msg("%s lacks %s", states[i].name, broken_invariant(&row));
            if (ledger_apply_allows(&row, &change) != (after != NULL))
                fail_msg("%s, %s: %s", states[i].name, samples[j].name, after ? "forbidden" : "allowed");
            if (!after) {
                if (!aborts(&row, &change, &arena))
                    fail_msg("%s, %s does not abort", states[i].name, samples[j].name);
                continue;
            }
            struct ledger_customer result = ledger_apply(&row, &change, &arena);
            row_text_apply(&arena, after, &expected);
            if (strcmp(row_text_describe(&result, got), row_text_describe(&expected, want)) != 0)
                fail_msg("%s, %s:\ngot  %s\nwant %s", states[i].name, samples[j].name, got, want);
            if (broken_invariant(&result))
                fail_msg("%s, %s lacks %s", states[i].name, samples[j].name, broken_invariant(&result));
            expected = row_text_make(&arena, states[i].row);
            assert_string_equal(row_text_describe(&row, untouched), row_text_describe(&expected, want));
            pairs++;
        }
    arena_clear(&arena);
    assert_true(pairs > sizeof legal / sizeof *legal);
}

/* Answers come back in the order of their requests, but a question about a create has no attempt of its own.
 */
static void attempts_never_become_fewer(void **state)
{
    struct arena arena;
    struct outcome outcome;
    (void)state;
    arena_init(&arena, 4096);
    struct ledger_customer row = row_text_make(&arena, states[4].row);
    struct ledger_change change = make_change(&arena, &samples[RETRY], &row, &outcome);
    change.attempt = 1;
    assert_int_equal(ledger_apply(&row, &change, &arena).attempts, 2);
    change = make_change(&arena, &samples[REFUSE_UNSENT], &row, &outcome);
    change.attempt = 9;
    assert_int_equal(ledger_apply(&row, &change, &arena).attempts, 2);
    arena_clear(&arena);
}

/* A row that was stored by a version with other members, or is damaged: nothing is read beyond its end. */
static void members_of_other_lengths_are_unknown(void **state)
{
    enum { WHOLE = FINGERPRINT_MEMBER_LEN, PART = FINGERPRINT_MEMBER_LEN / 2 };
    static const struct {
        size_t known, sent;
        const char *after;
    } cases[] = {
        {3 * WHOLE, 3 * WHOLE, "abc"},
        {2 * WHOLE, 3 * WHOLE, "ab?"},
        {0, 3 * WHOLE, "???"},
        {2 * WHOLE + PART, 3 * WHOLE, "ab?"},
        {3 * WHOLE, 2 * WHOLE, "ab"},
        {3 * WHOLE, 2 * WHOLE + PART, "ab"},
        {2 * WHOLE + PART, 2 * WHOLE + PART, "ab"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome;
        struct ledger_customer row = row_text_make(&arena, states[9].row);
        struct ledger_change change = make_change(&arena, &samples[ACKNOWLEDGE_LEFT_OUT], &row, &outcome);
        change.left_out = UINT64_MAX;
        row.member_digests.len = cases[i].known;
        row.pending_member_digests.len = cases[i].sent;
        struct ledger_customer after = ledger_apply(&row, &change, &arena);
        struct slice want = row_text_members(&arena, cases[i].after);
        assert_true(slice_equal(after.member_digests, want));
        change = make_change(&arena, &samples[REPEAT], &row, &outcome);
        want = row_text_members(&arena, cases[i].known != cases[i].sent ? "-" : i == 0 ? "?bc" : "?b");
        assert_true(slice_equal(ledger_apply(&row, &change, &arena).member_digests, want));
    }
    arena_clear(&arena);
}

static void events_have_the_words_of_their_changes(void **state)
{
    static const struct {
        size_t state;
        enum change change;
        const char *operation, *outcome;
    } cases[] = {
        {0, JOURNAL_CREATE, "create", "journalled"},
        {8, JOURNAL_UPDATE, "update", "journalled"},
        {3, REPEAT, "create", "repeated"},
        {9, REPEAT, "update", "repeated"},
        {5, SUPERSEDE, "create", "superseded"},
        {3, RETRY, "create", "throttled"},
        {5, RETRY_QUESTION, "look_up", "done"},
        {3, ACKNOWLEDGE, "create", "done"},
        {5, ACKNOWLEDGE_FETCHED, "fetch", "done"},
        {9, ACKNOWLEDGE_LEFT_OUT, "update", "done"},
        {3, REFUSE, "create", "refused"},
        {9, REFUSE_UNSENT, "update", "refused"},
        {3, DOUBT, "create", "in_doubt"},
        {9, DOUBT_WITHOUT_OUTCOME, "update", "in_doubt"},
        {3, ABANDON, "create", "abandoned"},
        {3, ABANDON_SENT, "create", "stop"},
        {16, FORGET, "create", "forgotten"},
        {12, FORGET, "update", "forgotten"},
        {0, ASSIGN, "create", "settled"},
        {9, ASSIGN_SAME, "update", "settled"},
        {0, ADOPT, "adopt", "done"},
        {16, HOLD, "create", "held"},
        {15, CLEAR, "create", "settled"},
        {0, REFUSE_TWIN, "create", "twin_refused"},
        {17, STOP_TWIN, "create", "twin_stopped"},
        {8, IDENTIFY, "identify", "done"},
        {8, VERIFICATION, "verification", "changed"},
        {8, LINK, "verification", "linked"},
        {8, REKEY, "rekey", "done"},
        {17, RELEASE_KEY, "rekey", "released"},
        {8, ERASE, "erase", "done"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome;
        struct ledger_customer row = row_text_make(&arena, states[cases[i].state].row);
        struct ledger_change change = make_change(&arena, &samples[cases[i].change], &row, &outcome);
        assert_true(ledger_apply_allows(&row, &change));
        assert_string_equal(ledger_change_operation(&row, &change), cases[i].operation);
        assert_string_equal(ledger_change_outcome(&change), cases[i].outcome);
    }
    arena_clear(&arena);
}

/* Random lives: only legal changes, each row stored and read again before the next. */

enum { STEPS = 400000, WALK_RUN_STEPS = 20 };

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t draw(uint32_t count)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % count;
}

static struct ledger_change draw_change(struct arena *arena, const struct ledger_customer *row,
                                        uint64_t at_ns, struct outcome *outcome)
{
    static const enum operation operations[] = {OPERATION_CREATE, OPERATION_UPDATE, OPERATION_LOOK_UP,
                                                OPERATION_LIST};
    char letters[4] = {(char)('a' + (int)draw(3)), (char)('a' + (int)draw(3)), (char)('a' + (int)draw(3)), 0};
    char email[2] = {letters[0], 0};
    struct sample sample = samples[draw(CHANGES)];
    struct ledger_change change = make_change(arena, &sample, row, outcome);
    change.at_ns = sample.is_timeless ? 0 : at_ns;
    change.run = 1 + (int64_t)(at_ns / WALK_RUN_STEPS);
    change.attempt = row->attempts + draw(2);
    if (!sample.is_own && draw(4) == 0)
        change.operation = operations[draw(4)];
    if (change.digest.len > 0 && draw(2))
        change.digest = row_text_digest(arena, letters);
    if (change.member_digests.len > 0 && change.kind != LEDGER_CHANGE_SUPERSEDE) {
        change.member_digests = row_text_members(arena, letters);
        change.email_digest = row_text_members(arena, draw(4) ? email : "-");
    }
    if (change.left_out)
        change.left_out = draw(8);
    if (change.kind == LEDGER_CHANGE_ASSIGN && change.verdict)
        change.verdict = (int64_t)at_ns;
    if (change.kind == LEDGER_CHANGE_ASSIGN && !change.verdict && row->user_id.len)
        change.user_id = row->user_id;
    return change;
}

/* Whether each member is as before, or unknown now. */
static bool is_as_before_or_unknown(struct slice before, struct slice after)
{
    if (after.len == 0)
        return true;
    if (after.len != before.len)
        return false;
    for (size_t i = 0; i < after.len; i += FINGERPRINT_MEMBER_LEN)
        if (memcmp(after.data + i, before.data + i, FINGERPRINT_MEMBER_LEN) != 0 &&
            !fingerprint_member_is((const uint8_t *)after.data + i, LEDGER_MEMBER_UNKNOWN))
            return false;
    return true;
}

static bool is_one_of(enum ledger_change_kind kind, unsigned kinds)
{
    return kinds >> kind & 1;
}

#define KIND(name) (1u << LEDGER_CHANGE_##name)

static const char *broken_by(const struct ledger_customer *before, const struct ledger_change *change,
                             const struct ledger_customer *after)
{
    bool was_open = before->first_sent_at != 0, is_open = after->first_sent_at != 0;
    bool was_create = was_open && before->operation == OPERATION_CREATE;
    enum ledger_change_kind kind = change->kind;
    unsigned ends = KIND(ACKNOWLEDGE) | KIND(REFUSE) | KIND(ADOPT) | KIND(ASSIGN) | KIND(CLEAR);
    unsigned knows = (ends & ~KIND(REFUSE)) | KIND(IDENTIFY) | KIND(REKEY) | KIND(ERASE);

    unsigned says =
        KIND(VERIFICATION) | KIND(LINK) | KIND(ACKNOWLEDGE) | KIND(ASSIGN) | KIND(CLEAR) | KIND(ERASE);

    if (before->id != after->id || (before->first_run != 0 && before->first_run != after->first_run))
        return "its id and its first run";
    if (was_create && !is_open && !is_one_of(kind, ends) &&
        !(kind == LEDGER_CHANGE_ABANDON && before->state == LEDGER_JOURNALLED))
        return "never lost: what may have been sent is resolved by an answer or a person";
    if (before->state == LEDGER_IN_DOUBT && after->state == LEDGER_JOURNALLED)
        return "what is in doubt stays so";
    if (kind == LEDGER_CHANGE_JOURNAL && change->operation == OPERATION_CREATE &&
        (was_open || before->user_id.len > 0))
        return "never twice: no create over an open one, or beside a user";
    if (!slice_equal(before->user_id, after->user_id) &&
        !is_one_of(kind, KIND(ACKNOWLEDGE) | KIND(ADOPT) | KIND(ASSIGN) | KIND(CLEAR) | KIND(ERASE)))
        return "its user";
    if (!is_one_of(kind, knows) && ((after->digest.len > 0 && !slice_equal(before->digest, after->digest)) ||
                                    !is_as_before_or_unknown(before->member_digests, after->member_digests) ||
                                    !is_as_before_or_unknown(before->email_digest, after->email_digest)))
        return "what the provider has is what it had, or unknown";
    if (!ledger_apply_same_verification(before, after->verification, after->verification_word,
                                        after->verification_reason) &&
        (!is_one_of(kind, says) || after->verification_at == before->verification_at))
        return "its verification, and the time of its change";
    if (before->link_at != after->link_at && !is_one_of(kind, says))
        return "its link";
    if (was_open && is_open && kind != LEDGER_CHANGE_JOURNAL && before->first_sent_at != after->first_sent_at)
        return "the time of the first attempt";
    if (!slice_equal(before->idempotency_key, after->idempotency_key) &&
        !is_one_of(kind, KIND(JOURNAL) | KIND(RELEASE_KEY) | KIND(ERASE)))
        return "its idempotency key";
    if (kind != LEDGER_CHANGE_ERASE && after->refusals < before->refusals)
        return "its refusals";
    if (!is_one_of(kind, KIND(JOURNAL) | KIND(ERASE)) && after->attempts < before->attempts)
        return "its attempts";
    return NULL;
}

/* As a database would: written and read again. */
static struct ledger_customer store(const struct ledger_customer *row, struct arena *arena)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    struct ledger_customer stored;
    ledger_row_to_values(&ledger_customer_table, row, values);
    assert_null(ledger_row_from_values(&ledger_customer_table, values, arena, &stored));
    return stored;
}

static void no_life_breaks_what_holds_in_every_row(void **state)
{
    static const struct ledger_customer new_customer = {
        .id = 1, .external_id = {.data = "C-1", .len = 3}, .state = LEDGER_UNSENT};
    size_t applied[LEDGER_CHANGE_KINDS] = {0};
    struct arena changes, rows[2]; /* a row is stored in one, and the next in the other */
    struct ledger_customer row = new_customer;
    unsigned current = 0;
    (void)state;
    print_message("# seed %016llx\n", (unsigned long long)random_state);
    arena_init(&changes, 16384);
    arena_init(&rows[0], 4096);
    arena_init(&rows[1], 4096);
    for (uint64_t step = 1; step <= STEPS; step++) {
        struct outcome outcome;
        arena_reset(&changes);
        struct ledger_change change = draw_change(&changes, &row, step, &outcome);
        if (!ledger_apply_allows(&row, &change))
            continue;
        struct ledger_customer after = ledger_apply(&row, &change, &changes);
        const char *broken = broken_invariant(&after);
        if (!broken)
            broken = broken_by(&row, &change, &after);
        if (broken) {
            char was[ROW_TEXT_SIZE], is[ROW_TEXT_SIZE];
            fail_msg("step %u, change %d breaks: %s\nwas %s\nis  %s", (unsigned)step, (int)change.kind,
                     broken, row_text_describe(&row, was), row_text_describe(&after, is));
        }
        applied[change.kind]++;
        current ^= 1;
        arena_reset(&rows[current]);
        row = store(&after, &rows[current]);
        if (row.state == LEDGER_ERASED || row.external_id.len == 0)
            row = new_customer;
    }
    for (size_t i = 0; i < LEDGER_CHANGE_KINDS; i++)
        if (applied[i] < STEPS / 4000)
            fail_msg("change %zu was made only %zu times", i, applied[i]);
    arena_clear(&changes);
    arena_clear(&rows[0]);
    arena_clear(&rows[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_of_every_state),
        cmocka_unit_test(attempts_never_become_fewer),
        cmocka_unit_test(members_of_other_lengths_are_unknown),
        cmocka_unit_test(events_have_the_words_of_their_changes),
        cmocka_unit_test(no_life_breaks_what_holds_in_every_row),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_apply", tests, NULL, NULL);
}
