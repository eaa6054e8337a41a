/* decide: every kind of customer × every row × every provider × every option, compared with rules that are
 * stated here and nowhere in the code. */
#include "unit/dispatch/customers.h"

enum { PAYWARD = 1, KRAKEN_EMBED = 2, KIRA = 4, PAYSO = 8, SIGNED = 3, UPDATING = 7, EACH = 15 };

/* ALL: every member that a new user of it would get by an update, but for tax_ids and the like, which the
 * rows do not have. */
static const struct {
    const char *name;
    unsigned is;
    const char *all;
} providers[] = {
    {"payward", PAYWARD,
     "full_name birth residence phone nationalities occupation employer_name client_identifier"},
    {"kraken-embed", KRAKEN_EMBED,
     "tos_version_accepted full_name date_of_birth city_of_birth country_of_birth residence phone nationalities "
     "occupation employer_name client_identifier"},
    {"kira", KIRA,
     "first_name last_name email phone birth_date nationality address_street address_city address_zip_code "
     "address_country occupation current_employer"},
    {"payso", PAYSO, ""},
};

enum { PROVIDERS = sizeof providers / sizeof *providers };

/* Options of the run and the job; each combination is tried. */
enum options {
    RETRY = 1 << 0,  /* --retry-refused */
    IGNORE = 1 << 1, /* delivery.on_change: ignore */
    TWINS = 1 << 2,  /* delivery.twins: create */
    DRY = 1 << 3,    /* check */
    ALL_OPTIONS = 1 << 4,
};

#define ALL "all"

/* Exactly one rule fits each situation. */
struct rule {
    const char *sentence;
    uint64_t lives;
    unsigned rows, providers, with, without;
    enum decision_kind want;
    const char *refused;    /* REFUSED: FIELD/RULE; beside an UPDATE: the field that cannot be sent */
    const char *send;       /* UPDATE: members; RECONCILE of a changed row: likewise */
    const char *warned;     /* field of a warning no_clear */
    const char *left_alone; /* beside ALL: a member without a value */
};

enum {
    ANY_ROW = ROW(ROWS) - 1,
    CHANGED = ANY_ROW & ~ROW(ROW_SAME),
    NEW_EMAIL = ROW(ROW_EMAIL) | ROW(ROW_EMAIL_PHONE),
    OTHER_CHANGE = CHANGED & ~NEW_EMAIL,
};

static const uint64_t lives_to_create = LIFE(NEVER_SEEN) | LIFE(ERASED) | LIFE(UNSENT) | LIFE(FORGOTTEN) |
                                        LIFE(SETTLED_NO_USER) | LIFE(TWIN_STOPPED) | LIFE(TWIN_REFUSED) |
                                        LIFE(TWIN_ALLOWED);
static const uint64_t lives_refused = LIFE(REFUSED) | LIFE(REFUSED_TWICE) | LIFE(REFUSED_UNSENT);

/* What the provider has of them. */
#define HAS_ROW_SAME (LIFE(CREATED) | LIFE(ASSIGNED) | LIFE(UNMATCHABLE) | LIFE(GIVEN_UP) | LIFE(REKEYED))
#define HAS_UNKNOWN  (LIFE(ADOPTED) | LIFE(ACCEPTED) | LIFE(ASSIGNED_OTHER))
#define HAS_EITHER   (LIFE(UPDATE_JOURNALLED) | LIFE(UPDATE_IN_DOUBT))

#define DECIDES(kind) DECISION_##kind, NULL, NULL, NULL, NULL
#define REFUSES(name) DECISION_REFUSED, name, NULL, NULL, NULL
#define SENDS(names)  DECISION_UPDATE, NULL, names, NULL, NULL
#define KEEPS(field)  DECISION_UNCHANGED, NULL, NULL, field, NULL

static const struct rule rules[] = {
    /* Without a user. */
    {"nothing of it is at the provider: created", lives_to_create, ANY_ROW, EACH, 0, 0, DECIDES(CREATE)},
    {"refused with the same data: not sent again", lives_refused, ROW(ROW_SAME), EACH, 0, RETRY,
     REFUSES("/refused")},
    {"but with --retry-refused", lives_refused, ROW(ROW_SAME), EACH, RETRY, 0, DECIDES(CREATE)},
    {"and with other data", lives_refused, CHANGED, EACH, 0, 0, DECIDES(CREATE)},

    /* A create in doubt. */
    {"in doubt, the same row: resolved first", lives_in_doubt & ~LIFE(EXISTS), ROW(ROW_SAME), EACH, 0, 0,
     DECIDES(RECONCILE)},
    {"another phone: repeated with it, or looked up", lives_in_doubt & ~LIFE(EXISTS),
     ROW(ROW_PHONE) | ROW(ROW_NO_PHONE), UPDATING, 0, 0, DECISION_RECONCILE, NULL, "phone", NULL, NULL},
    {"client_identifier went away", lives_in_doubt & ~LIFE(EXISTS), ROW(ROW_NO_CLIENT), SIGNED, 0, 0,
     DECISION_RECONCILE, NULL, "client_identifier", NULL, NULL},
    {"another e-mail, which no update can send: a person", lives_in_doubt & ~LIFE(EXISTS), NEW_EMAIL, SIGNED,
     0, 0, DECIDES(HELD)},
    {"another e-mail, by which nobody would be found: a person", lives_in_doubt, NEW_EMAIL, KIRA, 0, 0,
     DECIDES(HELD)},
    {"a listing needs nothing but what was journalled", lives_in_doubt, CHANGED, PAYSO, 0, 0,
     DECIDES(RECONCILE)},
    {"it exists, and a repeat shows no more: a person", LIFE(EXISTS), ANY_ROW, SIGNED, 0, 0, DECIDES(HELD)},
    {"it exists, and can be looked up", LIFE(EXISTS), ROW(ROW_SAME), KIRA | PAYSO, 0, 0, DECIDES(RECONCILE)},
    {"it exists, can be looked up, and changed", LIFE(EXISTS), ROW(ROW_PHONE) | ROW(ROW_NO_PHONE), KIRA, 0, 0,
     DECISION_RECONCILE, NULL, "phone", NULL, NULL},

    /* With a user. */
    {"on_change: ignore", lives_with_user, ANY_ROW, EACH, IGNORE, 0, DECIDES(UNCHANGED)},
    {"without updates: a change is refused", HAS_ROW_SAME, CHANGED, PAYSO, 0, IGNORE, REFUSES("/no_update")},
    {"without updates: what it has is not known", HAS_UNKNOWN, ANY_ROW, PAYSO, 0, IGNORE, DECIDES(UNCHANGED)},
    {"nothing changed", HAS_ROW_SAME, ROW(ROW_SAME), EACH, 0, IGNORE, DECIDES(UNCHANGED)},
    {"another phone", HAS_ROW_SAME, ROW(ROW_PHONE), UPDATING, 0, IGNORE, SENDS("phone")},
    {"a phone that went away is cleared", lives_with_user & ~HAS_UNKNOWN, ROW(ROW_NO_PHONE), SIGNED, 0,
     IGNORE, SENDS("phone")},
    {"or stays, with a warning, where it cannot be cleared", lives_with_user & ~HAS_UNKNOWN,
     ROW(ROW_NO_PHONE), KIRA, 0, IGNORE, KEEPS("phone")},
    {"a client_identifier cannot be cleared", HAS_ROW_SAME | LIFE(UPDATE_REFUSED) | LIFE(LEFT_OUT),
     ROW(ROW_NO_CLIENT), SIGNED, 0, IGNORE, KEEPS("client_identifier")},
    {"another e-mail cannot be sent", HAS_ROW_SAME | LIFE(UPDATE_REFUSED) | LIFE(LEFT_OUT), ROW(ROW_EMAIL),
     SIGNED, 0, IGNORE, REFUSES("email/immutable")},
    {"another e-mail is sent", HAS_ROW_SAME | LIFE(UPDATE_REFUSED) | LIFE(LEFT_OUT), ROW(ROW_EMAIL), KIRA, 0,
     IGNORE, SENDS("email")},
    {"the rest of the change goes, whatever became of the phone before",
     lives_with_user & ~HAS_UNKNOWN & ~LIFE(UPDATED), ROW(ROW_EMAIL_PHONE), SIGNED, 0, IGNORE,
     DECISION_UPDATE, "email", "phone", NULL, NULL},
    {"both are sent", lives_with_user & ~HAS_UNKNOWN & ~LIFE(UPDATED), ROW(ROW_EMAIL_PHONE), KIRA, 0, IGNORE,
     SENDS("email phone")},

    {"the row went back after an update", LIFE(UPDATED), ROW(ROW_SAME), UPDATING, 0, IGNORE, SENDS("phone")},
    {"it was updated to this", LIFE(UPDATED), ROW(ROW_PHONE), UPDATING, 0, IGNORE, DECIDES(UNCHANGED)},
    {"it went back without client_identifier", LIFE(UPDATED), ROW(ROW_NO_CLIENT), SIGNED, 0, IGNORE,
     DECISION_UPDATE, NULL, "phone", "client_identifier", NULL},
    {"it went back with another e-mail", LIFE(UPDATED), ROW(ROW_EMAIL), SIGNED, 0, IGNORE, DECISION_UPDATE,
     "email", "phone", NULL, NULL},
    {"it went back with another e-mail, which is sent", LIFE(UPDATED), ROW(ROW_EMAIL), KIRA, 0, IGNORE,
     SENDS("email phone")},
    {"only the e-mail is new since", LIFE(UPDATED), ROW(ROW_EMAIL_PHONE), SIGNED, 0, IGNORE,
     REFUSES("email/immutable")},
    {"only the e-mail is new since, and is sent", LIFE(UPDATED), ROW(ROW_EMAIL_PHONE), KIRA, 0, IGNORE,
     SENDS("email")},

    {"the row went back after a refused update", LIFE(UPDATE_REFUSED), ROW(ROW_SAME), UPDATING, 0, IGNORE,
     DECIDES(UNCHANGED)},
    {"the same update was refused", LIFE(UPDATE_REFUSED), ROW(ROW_PHONE), UPDATING, 0, IGNORE | RETRY,
     REFUSES("/refused")},
    {"the same update was refused, with --retry-refused", LIFE(UPDATE_REFUSED), ROW(ROW_PHONE), UPDATING,
     RETRY, IGNORE, SENDS("phone")},

    {"an update in doubt: either phone may be there", HAS_EITHER, ROW(ROW_SAME) | ROW(ROW_PHONE), UPDATING, 0,
     IGNORE, SENDS("phone")},
    {"an update in doubt, client_identifier went away", HAS_EITHER, ROW(ROW_NO_CLIENT), SIGNED, 0, IGNORE,
     DECISION_UPDATE, NULL, "phone", "client_identifier", NULL},
    {"an update in doubt, another e-mail", HAS_EITHER, ROW(ROW_EMAIL), SIGNED, 0, IGNORE, DECISION_UPDATE,
     "email", "phone", NULL, NULL},
    {"an update in doubt, another e-mail, which is sent", HAS_EITHER, ROW(ROW_EMAIL), KIRA, 0, IGNORE,
     SENDS("email phone")},

    {"the row went back after the phone was left out", LIFE(LEFT_OUT), ROW(ROW_SAME), UPDATING, 0, IGNORE,
     DECIDES(UNCHANGED)},
    {"what was left out is sent once more", LIFE(LEFT_OUT), ROW(ROW_PHONE), UPDATING, 0, IGNORE,
     SENDS("phone")},

    {"of a user whose data are not known all is sent, and nothing else is said", HAS_UNKNOWN,
     ANY_ROW & ~ROW(ROW_NO_PHONE) & ~ROW(ROW_NO_CLIENT), UPDATING, 0, IGNORE, SENDS(ALL)},
    {"but what the row has no value of", HAS_UNKNOWN, ROW(ROW_NO_PHONE), UPDATING, 0, IGNORE, DECISION_UPDATE,
     NULL, ALL, NULL, "phone"},
    {"nor of this", HAS_UNKNOWN, ROW(ROW_NO_CLIENT), SIGNED, 0, IGNORE, DECISION_UPDATE, NULL, ALL, NULL,
     "client_identifier"},
};

enum { RULES = sizeof rules / sizeof *rules };

struct situation {
    size_t provider;
    enum life life;
    enum row row, sent_row; /* sent_row: as far as the provider is sent the row */
    unsigned options;
};

static const char *describe(const struct situation *situation)
{
    static char text[160];
    snprintf(text, sizeof text, "%s, %s, %s%s%s%s%s", providers[situation->provider].name,
             life_words[situation->life], row_words[situation->row],
             situation->options & RETRY ? ", RETRY" : "", situation->options & IGNORE ? ", IGNORE" : "",
             situation->options & TWINS ? ", TWINS" : "", situation->options & DRY ? ", DRY" : "");
    return text;
}

static bool has(enum life life, uint64_t lives)
{
    return LIFE(life) & lives;
}

static const struct rule *find_rule(const struct situation *situation, unsigned used[RULES])
{
    const struct rule *found = NULL;

    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (!has(situation->life, rule->lives) || !(rule->rows & ROW(situation->sent_row)) ||
            !(rule->providers & providers[situation->provider].is) ||
            (situation->options & rule->with) != rule->with || situation->options & rule->without)
            continue;
        if (found)
            fail_msg("two rules for %s: \"%s\" and \"%s\"", describe(situation), found->sentence,
                     rule->sentence);
        found = rule;
        used[i]++;
    }
    if (!found)
        fail_msg("no rule for %s", describe(situation));
    return found;
}

static struct decide_context context_of(struct customers *customers, unsigned options)
{
    customers->job.delivery.update = !(options & IGNORE);
    customers->job.delivery.refuse_twins = !(options & TWINS);
    return (struct decide_context){.index = customers->index,
                                   .ledger = customers->fixture->ledger,
                                   .job = &customers->job,
                                   .provider = customers->provider,
                                   .fingerprint = customers->fingerprint,
                                   .retry_refused = options & RETRY,
                                   .is_dry = options & DRY};
}

/* Starts from a decision of an earlier record, of which nothing may be left. */
static struct decision decide_row(struct customers *customers, struct record *record, unsigned options)
{
    const struct decide_context context = context_of(customers, options);
    struct fixture *fixture = customers->fixture;
    struct decision decision;

    memset(&decision, 0xa5, sizeof decision);
    if (decide(&context, record, &fixture->arena, &decision, &fixture->error) != 0)
        fail_msg("decide: %s", fixture->error.text);
    return decision;
}

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("%s (%s): %s", rule->sentence, describe(situation), #condition);                        \
    } while (0)

static bool is_text(const char *got, const char *want)
{
    return want ? got && strcmp(got, want) == 0 : !got;
}

static uint64_t members_to_send(const struct situation *situation, const struct rule *rule,
                                const struct provider *provider)
{
    bool is_all = rule->send && strcmp(rule->send, ALL) == 0;
    uint64_t members = customers_members(provider, is_all       ? providers[situation->provider].all
                                                   : rule->send ? rule->send
                                                                : "");
    return members & ~customers_members(provider, rule->left_alone ? rule->left_alone : "");
}

static void check_refused(const struct situation *situation, const struct rule *rule,
                          const struct customer *customer, const struct decision *decision)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%s", decision->field == FIELD_NONE ? "" : field_name(decision->field),
             decision->rule);
    CHECK(is_text(name, rule->refused));
    if (strcmp(decision->rule, "refused") == 0) /* in the provider's words of then */
        CHECK(slice_is(decision->message, customer->message));
    else
        CHECK(decision->message.len > 0);
}

static void check_reconcile(const struct situation *situation, const struct rule *rule,
                            const struct customer *customer, const struct decision *decision,
                            const struct provider *provider)
{
    bool is_unanswered = situation->life == JOURNALLED || situation->life == JOURNALLED_NOW;

    CHECK(decision->first_sent_at == customer->at_ns);
    CHECK(decision->journalled_run == (is_unanswered ? customer->run : 0));
    CHECK(is_text(decision->idempotency_key,
                  providers[situation->provider].is == KIRA ? customer->idempotency_key : NULL));
    CHECK(decision->exists == (situation->life == EXISTS && providers[situation->provider].is == KIRA));
    CHECK(decision->changed == (situation->sent_row != ROW_SAME));
    if (rule->send) {
        CHECK(decision->changes.send == members_to_send(situation, rule, provider));
        CHECK(decision->changes.immutable == FIELD_NONE);
    }
}

static void check_update(const struct situation *situation, const struct rule *rule,
                         const struct customer *customer, const struct decision *decision,
                         const struct provider *provider)
{
    uint64_t send = members_to_send(situation, rule, provider);
    bool is_repeat = situation->life == LEFT_OUT && send == customers_members(provider, "phone") &&
                     ROW(situation->row) & (ROW(ROW_PHONE) | ROW(ROW_EMAIL_PHONE));

    CHECK(decision->changes.send == send);
    CHECK(is_text(decision->user_id, customer->user_id));
    CHECK(is_text(decision->former_key, situation->life == REKEYED ? customer->former_key : NULL));
    CHECK(is_text(decision->changes.immutable == FIELD_NONE ? NULL : field_name(decision->changes.immutable),
                  rule->refused));
    CHECK(decision->is_repeat == is_repeat);
}

/* Of what the ledger lacks, and the row provides. */
static void check_knowledge(const struct situation *situation, const struct rule *rule,
                            const struct customer *customer, const struct decision *decision)
{
    bool lacks_identity = situation->life == UNMATCHABLE || situation->life == ADOPTED;
    bool lacks_digest = situation->life == LEFT_OUT ||
                        (situation->life == REKEYED && providers[situation->provider].is & UPDATING);

    CHECK(decision->customer == customer->id);
    CHECK(decision->is_known == has(situation->life, lives_with_user));
    CHECK(decision->lacks_identity == lacks_identity);
    CHECK(decision->agrees ==
          (lacks_digest && situation->sent_row == ROW_SAME && !(situation->options & IGNORE)));
}

static void check_warnings(const struct situation *situation, const struct rule *rule,
                           const struct record *record)
{
    CHECK(record->verdict_count == (rule->warned ? 1 : 0));
    CHECK(!record->rejected);
    if (rule->warned) {
        CHECK(is_text(field_name(record->verdicts[0].field), rule->warned));
        CHECK(record->verdicts[0].level == VERDICT_WARN);
        CHECK(is_text(record->verdicts[0].rule, RULE_NO_CLEAR));
    }
}

/* Whatever shows more than the index has was read: it must have been wanted, and little else. */
static void check_wanted(struct customers *customers, const struct situation *situation,
                         const struct rule *rule, const struct decision *decision, struct record *record)
{
    const struct decide_context context = context_of(customers, situation->options);
    bool is_read = decision->kind == DECISION_UPDATE || decision->kind == DECISION_RECONCILE ||
                   decision->kind == DECISION_HELD || decision->agrees || decision->lacks_identity ||
                   (decision->kind == DECISION_REFUSED && !is_text(decision->rule, RULE_NO_UPDATE));
    bool is_plain =
        situation->life == NEVER_SEEN || (situation->life == CREATED && situation->sent_row == ROW_SAME);
    struct ledger_wanted wanted = {.id_count = 0};

    decide_want(&context, record, &wanted);
    CHECK(wanted.id_count <= 1 && wanted.key_count == 0 && wanted.user_count == 0);
    CHECK(wanted.id_count == 0 || wanted.ids[0] == decision->customer);
    CHECK(!is_read || wanted.id_count == 1);
    CHECK(!is_plain || wanted.id_count == 0);
    ledger_wanted_reset(&wanted);
    record->rejected = true;
    decide_want(&context, record, &wanted);
    CHECK(wanted.id_count == 0);
    record->rejected = false;
    ledger_wanted_clear(&wanted);
}

static void check_situation(struct customers *customers, const struct situation *situation,
                            const struct customer *customer, unsigned used[RULES])
{
    static const uint32_t refusals[LIVES] = {[FORGOTTEN] = 1, [REFUSED] = 1, [REFUSED_TWICE] = 2};
    const struct rule *rule = find_rule(situation, used);
    struct row_record row;

    customers_row(customers, &row, customer->key, situation->life, situation->row);
    struct decision decision = decide_row(customers, &row.sample.record, situation->options);
    CHECK(decision.kind == rule->want);
    if (decision.kind == DECISION_CREATE)
        CHECK(decision.refusals == refusals[situation->life]);
    if (decision.kind == DECISION_REFUSED)
        check_refused(situation, rule, customer, &decision);
    if (decision.kind == DECISION_RECONCILE)
        check_reconcile(situation, rule, customer, &decision, customers->provider);
    if (decision.kind == DECISION_UPDATE)
        check_update(situation, rule, customer, &decision, customers->provider);
    else
        CHECK(!decision.is_repeat);
    CHECK(!decision.is_twin);
    check_knowledge(situation, rule, customer, &decision);
    check_wanted(customers, situation, rule, &decision, &row.sample.record);
    check_warnings(situation, rule, &row.sample.record);
}

/* One customer of each life. */
static void add_all(struct customers *customers, struct customer all[LIVES])
{
    for (int life = 0; life < LIVES; life++) {
        char key[16];
        snprintf(key, sizeof key, "C-%02d", life);
        bool is_possible = customers->provider->can_update || !has((enum life)life, lives_with_update);
        all[life] = customers_add(customers, is_possible ? (enum life)life : NEVER_SEEN, key, (unsigned)life);
    }
    customers_load(customers);
}

static void every_customer_and_row_means_what_its_rule_says(void **state)
{
    (void)state;
    unsigned used[RULES] = {0}, count = 0;

    for (size_t provider = 0; provider < PROVIDERS; provider++) {
        struct customers customers;
        struct customer all[LIVES];
        customers_open(&customers, providers[provider].name);
        add_all(&customers, all);
        for (unsigned life = 0; life < LIVES; life++) {
            if (has(life, lives_with_update) && !customers.provider->can_update)
                continue;
            for (unsigned row = 0; row < ROWS; row++)
                for (unsigned options = 0; options < ALL_OPTIONS; options++, count++) {
                    bool is_same = row == ROW_NO_CLIENT && !(providers[provider].is & SIGNED);
                    check_situation(
                        &customers,
                        &(struct situation){provider, life, row, is_same ? ROW_SAME : row, options},
                        &all[life], used);
                }
        }
        customers_close(&customers);
    }
    for (size_t i = 0; i < RULES; i++)
        if (used[i] == 0)
            fail_msg("a rule without a situation: %s", rules[i].sentence);
    print_message("# %u situations, %d rules\n", count, RULES);
}

/* In the words of the specification, whatever the rules say. */
static void a_customer_with_a_user_or_a_create_in_doubt_is_never_created(void **state)
{
    (void)state;
    for (size_t provider = 0; provider < PROVIDERS; provider++) {
        struct customers customers;
        struct customer all[LIVES];
        struct row_record row;
        customers_open(&customers, providers[provider].name);
        add_all(&customers, all);
        for (unsigned life = 0; life < LIVES; life++)
            for (unsigned i = 0; i < ROWS * ALL_OPTIONS; i++) {
                struct ledger_customer found = {.id = 0};
                struct fixture *fixture = customers.fixture;
                customers_row(&customers, &row, all[life].key, life, (enum row)(i % ROWS));
                (void)ledger_find_by_key(fixture->ledger, slice_from(all[life].key), &fixture->arena, &found,
                                         &fixture->error);
                bool is_open = found.state == LEDGER_JOURNALLED || found.state == LEDGER_IN_DOUBT;
                enum decision_kind kind = decide_row(&customers, &row.sample.record, i / ROWS).kind;
                if (found.id != 0 && (found.user_id.len > 0 || is_open) && kind == DECISION_CREATE)
                    fail_msg("%s, %s: created", providers[provider].name, life_words[life]);
                if (found.id != 0 && is_open && kind != DECISION_RECONCILE && kind != DECISION_HELD)
                    fail_msg("%s, %s: not resolved first", providers[provider].name, life_words[life]);
            }
        customers_close(&customers);
    }
}

/* Twins. */

static const struct twin_case {
    const char *sentence;
    enum life known, life; /* of the other customer, which is the same person; of this one */
    enum row row;
    unsigned options;
    enum decision_kind want;
    bool is_twin, twin_known;
} twin_cases[] = {
    {"a new key of a customer", CREATED, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"with twins: create", CREATED, NEVER_SEEN, ROW_SAME, TWINS, DECISION_CREATE, false, false},
    {"in a dry run", CREATED, NEVER_SEEN, ROW_SAME, DRY, DECISION_REFUSED, true, false},
    {"with another phone too", CREATED, NEVER_SEEN, ROW_PHONE, 0, DECISION_REFUSED, true, false},
    {"with another e-mail it is another person", CREATED, NEVER_SEEN, ROW_EMAIL, 0, DECISION_CREATE, false,
     false},
    {"a create under way", JOURNALLED_NOW, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"a create of a run that died", JOURNALLED, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"a create in doubt", IN_DOUBT, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"an update in doubt", UPDATE_IN_DOUBT, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"a user that a person named", ASSIGNED, NEVER_SEEN, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"a customer without an identity is not found", UNMATCHABLE, NEVER_SEEN, ROW_SAME, 0, DECISION_CREATE,
     false, false},
    {"one that was never sent is no user", UNSENT, NEVER_SEEN, ROW_SAME, 0, DECISION_CREATE, false, false},
    {"nor one that was refused", REFUSED, NEVER_SEEN, ROW_SAME, 0, DECISION_CREATE, false, false},
    {"nor one that a person found absent", SETTLED_NO_USER, NEVER_SEEN, ROW_SAME, 0, DECISION_CREATE, false,
     false},
    {"nor one that was erased", ERASED, NEVER_SEEN, ROW_SAME, 0, DECISION_CREATE, false, false},
    {"unsent before", CREATED, UNSENT, ROW_SAME, 0, DECISION_REFUSED, true, false},
    {"refused by the provider: that is the reason", CREATED, REFUSED, ROW_SAME, 0, DECISION_REFUSED, false,
     false},
    {"refused by the provider, and sent again", CREATED, REFUSED, ROW_SAME, RETRY, DECISION_REFUSED, true,
     false},
    {"refused by the provider, and changed", CREATED, REFUSED, ROW_PHONE, 0, DECISION_REFUSED, true, false},
    {"refused as a twin before: an old one", CREATED, TWIN_REFUSED, ROW_SAME, 0, DECISION_REFUSED, true,
     true},
    {"an old one with other data", CREATED, TWIN_REFUSED, ROW_PHONE, 0, DECISION_REFUSED, true, true},
    {"an old one, and twins: create", CREATED, TWIN_REFUSED, ROW_SAME, TWINS, DECISION_CREATE, false, false},
    {"by a run that its twins stopped: counted again", CREATED, TWIN_STOPPED, ROW_SAME, 0, DECISION_REFUSED,
     true, false},
    {"a person has decided that it is another person", CREATED, TWIN_ALLOWED, ROW_SAME, 0, DECISION_CREATE,
     false, false},
    {"what may be there is resolved, twin or not", CREATED, IN_DOUBT, ROW_SAME, 0, DECISION_RECONCILE, false,
     false},
    {"who has a user is no twin", CREATED, CREATED, ROW_SAME, 0, DECISION_UNCHANGED, false, false},
};

enum { TWIN_CASES = sizeof twin_cases / sizeof *twin_cases };

static void check_twin(struct customers *customers, unsigned i)
{
    const struct twin_case *twin = &twin_cases[i];
    struct row_record row;
    char known[32], key[16];

    snprintf(known, sizeof known, "A-%02u", i);
    snprintf(key, sizeof key, "B-%02u", i);
    customers_row(customers, &row, key, i, twin->row);
    struct decision decision = decide_row(customers, &row.sample.record, twin->options);
    if (decision.kind != twin->want || decision.is_twin != twin->is_twin ||
        (decision.is_twin && decision.twin_known != twin->twin_known))
        fail_msg("%s (%s): kind %d, is_twin %d, twin_known %d", twin->sentence, customers->provider->name,
                 (int)decision.kind, decision.is_twin, decision.twin_known);
    if (!decision.is_twin)
        return;
    assert_int_equal(decision.field, FIELD_EXTERNAL_ID);
    assert_string_equal(decision.rule, "twin");
    char message[512];
    snprintf(message, sizeof message, "%.*s", (int)decision.message.len, decision.message.data);
    assert_non_null(strstr(message, known)); /* whose twin, and with which commands to end it */
    snprintf(known, sizeof known, "--key %s", key);
    assert_non_null(strstr(message, known));
}

static void the_same_person_under_another_key_is_not_created(void **state)
{
    (void)state;
    for (size_t provider = 0; provider < PROVIDERS; provider++) {
        struct customers customers;
        customers_open(&customers, providers[provider].name);
        bool can_update = customers.provider->can_update;
        for (unsigned i = 0; i < TWIN_CASES; i++) {
            char known[16], key[16];
            snprintf(known, sizeof known, "A-%02u", i);
            snprintf(key, sizeof key, "B-%02u", i);
            if (has(twin_cases[i].known, lives_with_update) && !can_update)
                continue;
            (void)customers_add(&customers, twin_cases[i].known, known, i);
            (void)customers_add(&customers, twin_cases[i].life, key, i);
        }
        customers_load(&customers);
        for (unsigned i = 0; i < TWIN_CASES; i++)
            if (can_update || !has(twin_cases[i].known, lives_with_update))
                check_twin(&customers, i);
        customers_close(&customers);
    }
}

/* A run asks the ledger, which holds what it journalled; a dry run journals nothing. */
static void a_dry_run_remembers_whom_it_would_create(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *key;
        uint64_t identity_hash;
        unsigned options;
        bool is_twin;
    } cases[] = {
        {"the first", "N-1", 77, DRY, false},
        {"the same person", "N-2", 77, DRY, true},
        {"another person", "N-3", 78, DRY, false},
        {"without an identity", "N-4", 0, DRY, false},
        {"once more without", "N-5", 0, DRY, false},
        {"a run does not ask here", "N-6", 77, 0, false},
        {"twins: create", "N-7", 77, DRY | TWINS, false},
    };
    struct customers customers;
    struct row_record row;

    customers_open(&customers, "payward");
    customers_load(&customers);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        customers_row(&customers, &row, cases[i].key, (unsigned)i, ROW_SAME);
        row.sample.record.identity_hash = cases[i].identity_hash;
        struct decision decision = decide_row(&customers, &row.sample.record, cases[i].options);
        if (decision.is_twin != cases[i].is_twin ||
            decision.kind != (cases[i].is_twin ? DECISION_REFUSED : DECISION_CREATE))
            fail_msg("%s", cases[i].sentence);
    }
    customers_close(&customers);
}

static void without_a_ledger_everybody_is_new(void **state)
{
    (void)state;
    struct customers customers;
    struct row_record row;
    struct decision decision;

    customers_open(&customers, "kira");
    (void)customers_add(&customers, CREATED, "C-1", 1);
    customers_load(&customers);
    struct decide_context context = context_of(&customers, DRY);
    context.ledger = NULL;
    context.fingerprint = NULL;
    customers_row(&customers, &row, "C-1", 1, ROW_PHONE);
    memset(&decision, 0xa5, sizeof decision);
    assert_int_equal(
        decide(&context, &row.sample.record, &customers.fixture->arena, &decision, &customers.fixture->error),
        0);
    assert_int_equal(decision.kind, DECISION_CREATE);
    assert_int_equal(decision.customer, 0);
    assert_int_equal(decision.refusals, 0);
    assert_false(decision.is_known || decision.is_twin || decision.lacks_identity);
    customers_close(&customers);
}

/* The index knows a customer by a hash: another one must never be sent what is this one's. */
static void a_row_is_never_taken_for_another_customer(void **state)
{
    (void)state;
    static const enum life lives[] = {CREATED, IN_DOUBT, REFUSED, UNSENT};
    struct customers customers;
    struct row_record row;
    struct decision decision;

    customers_open(&customers, "payward");
    for (unsigned i = 0; i < sizeof lives / sizeof *lives; i++)
        (void)customers_add(&customers, lives[i], (char[]){'C', (char)('0' + i), 0}, i);
    customers_load(&customers);
    const struct decide_context context = context_of(&customers, 0);
    for (unsigned i = 0; i < sizeof lives / sizeof *lives; i++) {
        customers_row(&customers, &row, "other", i, ROW_PHONE);
        row.sample.record.unique_hash[0] = hash_table_hash(slice_from((char[]){'C', (char)('0' + i), 0}));
        assert_int_equal(decide(&context, &row.sample.record, &customers.fixture->arena, &decision,
                                &customers.fixture->error),
                         -1);
        assert_int_equal(customers.fixture->error.scope, ERROR_LEDGER);
    }
    customers_close(&customers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_customer_and_row_means_what_its_rule_says),
        cmocka_unit_test(a_customer_with_a_user_or_a_create_in_doubt_is_never_created),
        cmocka_unit_test(the_same_person_under_another_key_is_not_created),
        cmocka_unit_test(a_dry_run_remembers_whom_it_would_create),
        cmocka_unit_test(without_a_ledger_everybody_is_new),
        cmocka_unit_test(a_row_is_never_taken_for_another_customer),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
