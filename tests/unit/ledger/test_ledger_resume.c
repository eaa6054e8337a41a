/* Runs that end anywhere, against a provider that loses answers: each next run resumes right from the row
 * alone.
 *
 * A model of a provider, and a run loop that decides as the pipeline does, over ledger_apply. Every send and
 * every commit is a step; a crash keeps the commits before it, and what was sent happened, or did not,
 * whatever was committed.
 */
#include "unit/ledger/row_text.h"

enum mode {
    REPEAT,  /* the same idempotency key gives the same user */
    LOOK_UP, /* likewise, and a user is looked up by e-mail first */
    LIST,    /* no keys: a complete listing shows whether the user is there */
    MODES
};

/* What becomes of a request. */
enum fate {
    DONE,
    DONE_AND_LOST, /* executed, and its answer is lost */
    LOST,          /* not executed, which nobody knows */
    THROTTLED,
    REFUSED,
    WITHDRAWN, /* not sent */
    LEFT_OUT,  /* of an update: done but for its second member */
    FATES
};

enum { MEMBERS = 3, ATTEMPTS = 2, OPERATIONS = 3, FATES_MAX = 32, RUNS_MAX = 8, NO_CRASH = 1000 };

/* What happens from the first run to the last. */
struct history {
    enum mode mode;
    unsigned runs, fate_count;
    const char *inputs[RUNS_MAX];
    unsigned crash_after[RUNS_MAX]; /* steps */
    bool has_person[RUNS_MAX];      /* after the run, one who knows the provider */
    bool forgets;                   /* a refusal stops the run */
    bool is_created;                /* before, with the data aaa */
    enum fate fates[FATES_MAX];     /* of the requests in turn; then all are done */
};

struct simulation {
    const struct history *history;
    struct arena changes, rows[2];
    unsigned current;           /* of rows */
    struct ledger_customer row; /* durable */
    unsigned run, next_fate, steps_left;
    uint64_t now_ns;
    bool has_crashed;
    /* The provider. */
    unsigned users;
    char data[MEMBERS + 1], key[16]; /* of the user; the key of its create */
};

static void break_off(const struct simulation *simulation, const char *what)
{
    const struct history *history = simulation->history;
    char row[ROW_TEXT_SIZE], text[256];
    size_t len = 0;
    for (unsigned i = 0; i < history->runs; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s until step %u%s, ", history->inputs[i],
                                history->crash_after[i], history->has_person[i] ? " and a person" : "");
    for (unsigned i = 0; i < history->fate_count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%d", (int)history->fates[i]);
    fail_msg("mode %d, runs %s in run %u: %s\nthe row: %s\nthe provider: %u users, %s under %s",
             (int)history->mode, text, simulation->run, what, row_text_describe(&simulation->row, row),
             simulation->users, simulation->data, simulation->key);
}

/* A crash comes before the step. */
static bool crashes(struct simulation *simulation)
{
    if (simulation->steps_left == 0)
        simulation->has_crashed = true;
    else
        simulation->steps_left--;
    return simulation->has_crashed;
}

static void commit(struct simulation *simulation, struct ledger_change change)
{
    if (crashes(simulation))
        return;
    change.run = simulation->run + 1;
    change.at_ns = ++simulation->now_ns;
    if (!ledger_apply_allows(&simulation->row, &change))
        break_off(simulation, "an illegal change");
    struct ledger_customer after = ledger_apply(&simulation->row, &change, &simulation->changes);
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    ledger_row_to_values(&ledger_customer_table, &after, values);
    struct arena *arena = &simulation->rows[simulation->current ^= 1];
    arena_reset(arena);
    assert_null(ledger_row_from_values(&ledger_customer_table, values, arena, &simulation->row));
    arena_reset(&simulation->changes);
    if (ledger_customer_lacks(&simulation->row))
        break_off(simulation, ledger_customer_lacks(&simulation->row));
}

static struct ledger_change make_change(enum ledger_change_kind kind)
{
    return (struct ledger_change){.kind = kind};
}

static char letter_of(struct slice members, size_t member)
{
    return member * FINGERPRINT_MEMBER_LEN < members.len ? members.data[member * FINGERPRINT_MEMBER_LEN]
                                                         : '\0';
}

static bool is_unknown(struct slice members, size_t member)
{
    return members.len == 0 || (uint8_t)letter_of(members, member) == LEDGER_MEMBER_UNKNOWN;
}

static bool is_digest_of(struct slice digest, const char *data)
{
    return digest.len == FINGERPRINT_LEN && strncmp(digest.data, data, FINGERPRINT_LEN) == 0;
}

static struct ledger_change make_intent(struct simulation *simulation, enum ledger_change_kind kind,
                                        enum operation operation, const char *data, const char *key)
{
    char email[2] = {data[0], '\0'};
    struct arena *arena = &simulation->changes;
    return (struct ledger_change){.kind = kind,
                                  .operation = operation,
                                  .digest = row_text_digest(arena, data),
                                  .member_digests = row_text_members(arena, data),
                                  .email_digest = row_text_members(arena, email),
                                  .idempotency_key = row_text_word(arena, key)};
}

/* The provider executes a create. */
static void execute_create(struct simulation *simulation, const char *data, const char *key)
{
    if (simulation->users > 0)
        return; /* under the same key: the user is as it was */
    simulation->users = 1;
    snprintf(simulation->data, sizeof simulation->data, "%s", data);
    snprintf(simulation->key, sizeof simulation->key, "%s", key);
}

static enum fate next_fate(struct simulation *simulation)
{
    const struct history *history = simulation->history;
    return simulation->next_fate < history->fate_count ? history->fates[simulation->next_fate++] : DONE;
}

static void commit_attempt(struct simulation *simulation, enum ledger_change_kind kind,
                           enum operation operation, enum outcome_kind outcome_kind, uint32_t attempt,
                           uint64_t left_out)
{
    const struct outcome outcome = {.kind = outcome_kind, .http_status = 200};
    struct ledger_change change = make_change(kind);
    change.operation = operation;
    change.outcome = &outcome;
    change.is_sent = true;
    change.attempt = attempt;
    change.left_out = left_out;
    if (kind == LEDGER_CHANGE_ACKNOWLEDGE && simulation->row.operation == OPERATION_CREATE)
        change.user_id = SLICE_LITERAL("U-1");
    commit(simulation, change);
}

/* An answer that never came. */
static void commit_loss(struct simulation *simulation, enum operation operation, uint32_t attempt)
{
    commit_attempt(simulation, attempt < ATTEMPTS ? LEDGER_CHANGE_RETRY : LEDGER_CHANGE_IN_DOUBT, operation,
                   OUTCOME_IN_DOUBT, attempt, 0);
}

/* Sends the open create until it is resolved, or given up. True: the user is there. */
static bool send_create(struct simulation *simulation, const char *data, bool is_changed)
{
    char key[16];
    snprintf(key, sizeof key, "%.*s", (int)simulation->row.idempotency_key.len,
             simulation->row.idempotency_key.data);
    bool may_exist = simulation->row.state == LEDGER_IN_DOUBT;
    for (uint32_t attempt = 1; attempt <= ATTEMPTS && !simulation->has_crashed; attempt++) {
        enum fate fate = next_fate(simulation);
        if (fate == WITHDRAWN) {
            commit(simulation, make_change(LEDGER_CHANGE_ABANDON));
            return false;
        }
        if (crashes(simulation))
            return false;
        if (simulation->users > 0 && (simulation->history->mode == LIST || strcmp(simulation->key, key) != 0))
            break_off(simulation, "never twice: a create is sent, and the user is there");
        if (fate == DONE_AND_LOST || fate == DONE || fate == LEFT_OUT)
            execute_create(simulation, data, key);
        if (fate == REFUSED &&
            simulation->users > 0) /* the key is recognized before the data are validated */
            fate = DONE;
        if (fate == DONE || fate == LEFT_OUT) {
            commit_attempt(simulation, LEDGER_CHANGE_ACKNOWLEDGE, OPERATION_CREATE, OUTCOME_DONE, attempt, 0);
            return !simulation->has_crashed;
        }
        if (fate == REFUSED) {
            /* Other data than those in doubt may be refused beside a user. */
            bool is_final = !may_exist || !is_changed;
            commit_attempt(simulation, is_final ? LEDGER_CHANGE_REFUSE : LEDGER_CHANGE_IN_DOUBT,
                           OPERATION_CREATE, OUTCOME_REFUSED, attempt, 0);
            if (simulation->history->forgets && is_final && !simulation->has_crashed)
                commit(simulation, make_change(LEDGER_CHANGE_FORGET));
            return false;
        }
        if (fate == THROTTLED) {
            commit_attempt(simulation, attempt < ATTEMPTS ? LEDGER_CHANGE_RETRY : LEDGER_CHANGE_ABANDON,
                           OPERATION_CREATE, OUTCOME_THROTTLED, attempt, 0);
            continue;
        }
        may_exist = true;
        commit_loss(simulation, OPERATION_CREATE, attempt);
        if (simulation->history->mode == LIST) /* which is listed before it is sent again */
            return false;
    }
    return false;
}

static bool send_update(struct simulation *simulation, const char *data)
{
    for (uint32_t attempt = 1; attempt <= ATTEMPTS && !simulation->has_crashed; attempt++) {
        enum fate fate = next_fate(simulation);
        if (fate == WITHDRAWN) {
            commit(simulation, make_change(LEDGER_CHANGE_ABANDON));
            return false;
        }
        if (crashes(simulation))
            return false;
        assert_int_equal(simulation->users, 1);
        for (size_t i = 0; i < MEMBERS; i++)
            if (fate == DONE || fate == DONE_AND_LOST || (fate == LEFT_OUT && i != 1))
                simulation->data[i] = data[i];
        if (fate == DONE || fate == LEFT_OUT) {
            commit_attempt(simulation, LEDGER_CHANGE_ACKNOWLEDGE, OPERATION_UPDATE, OUTCOME_DONE, attempt,
                           fate == LEFT_OUT ? 1 << 1 : 0);
            return fate == DONE && !simulation->has_crashed;
        }
        if (fate == REFUSED) {
            commit_attempt(simulation, LEDGER_CHANGE_REFUSE, OPERATION_UPDATE, OUTCOME_REFUSED, attempt, 0);
            if (simulation->history->forgets && !simulation->has_crashed)
                commit(simulation, make_change(LEDGER_CHANGE_FORGET));
            return false;
        }
        if (fate == THROTTLED)
            commit_attempt(simulation, attempt < ATTEMPTS ? LEDGER_CHANGE_RETRY : LEDGER_CHANGE_ABANDON,
                           OPERATION_UPDATE, OUTCOME_THROTTLED, attempt, 0);
        else
            commit_loss(simulation, OPERATION_UPDATE, attempt);
    }
    return false;
}

/* A create in doubt: asked about where the provider can be asked, else sent again. True: the user is there.
 */
static bool resolve_create(struct simulation *simulation, const char *data)
{
    const struct ledger_customer *row = &simulation->row;
    enum mode mode = simulation->history->mode;
    bool is_changed = !is_digest_of(row->pending_digest, data);
    if (mode != REPEAT) {
        bool is_found = simulation->users > 0;
        commit_attempt(simulation, is_found ? LEDGER_CHANGE_ACKNOWLEDGE : LEDGER_CHANGE_RETRY,
                       mode == LIST ? OPERATION_LIST : OPERATION_LOOK_UP, OUTCOME_DONE, row->attempts, 0);
        if (is_found || simulation->has_crashed)
            return is_found && !simulation->has_crashed;
    }
    struct ledger_change change = make_change(LEDGER_CHANGE_REPEAT);
    if (is_changed) {
        change = make_intent(simulation, LEDGER_CHANGE_SUPERSEDE, OPERATION_CREATE, data, "-");
        char members[MEMBERS + 1];
        for (size_t i = 0; i <= MEMBERS; i++)
            members[i] = i == MEMBERS || letter_of(row->pending_member_digests, i) == data[i] ? data[i] : '?';
        if (mode != LIST) { /* the user may have either data: a listing has shown that there is none */
            change.digest = row_text_digest(&simulation->changes, "zzz");
            change.member_digests = row_text_members(&simulation->changes, members);
        }
    }
    commit(simulation, change);
    return !simulation->has_crashed && send_create(simulation, data, is_changed && mode != LIST);
}

static bool needs_update(const struct ledger_customer *row, const char *data)
{
    bool is_open = ledger_customer_is_open(row);
    if (!is_open && is_digest_of(row->digest, data))
        return false;
    for (size_t i = 0; i < MEMBERS; i++)
        if (letter_of(row->member_digests, i) != data[i] ||
            (is_open && letter_of(row->pending_member_digests, i) != data[i]))
            return true;
    return false;
}

/* The next operation that the row asks for. True: there may be another one. */
static bool take_step(struct simulation *simulation, const char *data)
{
    const struct ledger_customer *row = &simulation->row;
    char key[16];
    if (row->state == LEDGER_CREATED) {
        if (!needs_update(row, data))
            return false;
        bool is_repeat = ledger_customer_is_open(row) && is_digest_of(row->pending_digest, data);
        commit(simulation, is_repeat
                               ? make_change(LEDGER_CHANGE_REPEAT)
                               : make_intent(simulation, LEDGER_CHANGE_JOURNAL, OPERATION_UPDATE, data, "-"));
        return !simulation->has_crashed && send_update(simulation, data);
    }
    if (ledger_customer_is_open(row))
        return resolve_create(simulation, data);
    if (row->state == LEDGER_REFUSED && is_digest_of(row->pending_digest, data))
        return false; /* what was refused is not sent again */
    snprintf(key, sizeof key, "K-%u", row->refusals);
    commit(simulation, make_intent(simulation, LEDGER_CHANGE_JOURNAL, OPERATION_CREATE, data, key));
    return !simulation->has_crashed && send_create(simulation, data, false);
}

/* A person who looks at the provider, and finds the user or none. */
static void ask_person(struct simulation *simulation)
{
    const struct ledger_customer *row = &simulation->row;
    struct ledger_change change = make_change(LEDGER_CHANGE_CLEAR);
    bool is_create = ledger_customer_is_open(row) && row->operation == OPERATION_CREATE;
    if (simulation->users > 0) {
        change = make_change(LEDGER_CHANGE_ASSIGN);
        change.user_id = SLICE_LITERAL("U-1");
        change.verdict = is_create ? 7 : 0;
        for (size_t i = 0; i < MEMBERS; i++)
            if (!is_unknown(row->pending_member_digests, i) &&
                letter_of(row->pending_member_digests, i) != simulation->data[i])
                change.is_digest_unknown = true;
    } else if (!is_create) {
        return;
    }
    commit(simulation, change);
}

/* What the durable row promises about the provider, between runs. */
static void check(struct simulation *simulation)
{
    const struct ledger_customer *row = &simulation->row;
    bool is_open = ledger_customer_is_open(row);
    if (row->state != LEDGER_CREATED && !is_open && simulation->users > 0)
        break_off(simulation, "never lost: the user is there, and the row would create it");
    if (row->state == LEDGER_CREATED && simulation->users != 1)
        break_off(simulation, "the user of the row");
    if (simulation->users > 0 && row->state != LEDGER_CREATED &&
        !slice_is(row->idempotency_key, simulation->key))
        break_off(simulation, "the key of the create in doubt");
    for (size_t i = 0; i < MEMBERS && row->state == LEDGER_CREATED; i++)
        if (!is_unknown(row->member_digests, i) && letter_of(row->member_digests, i) != simulation->data[i] &&
            !(is_open && letter_of(row->pending_member_digests, i) == simulation->data[i]))
            break_off(simulation, "a member that the provider does not have");
    if (row->state == LEDGER_CREATED && !is_open && row->email_digest.len > 0 &&
        letter_of(row->email_digest, 0) != simulation->data[0])
        break_off(simulation, "an e-mail that the provider does not have");
    if (row->state == LEDGER_CREATED && !is_open && row->digest.len > 0 && row->digest.data[0] != 'z' &&
        !is_digest_of(row->digest, simulation->data))
        break_off(simulation, "the digest of what the provider does not have");
}

static void run(struct simulation *simulation, const char *data, unsigned steps)
{
    simulation->steps_left = steps;
    simulation->has_crashed = false;
    for (int i = 0; i < OPERATIONS && take_step(simulation, data) && !simulation->has_crashed; i++)
        ;
    check(simulation);
}

static void live(struct simulation *simulation, const struct history *history)
{
    static const char last[] = "acc"; /* which no history has: what was refused is sent again */
    simulation->history = history;
    simulation->users = simulation->next_fate = 0;
    simulation->now_ns = 0;
    simulation->data[0] = simulation->key[0] = '\0';
    simulation->run = 0;
    simulation->row =
        (struct ledger_customer){.id = 1, .external_id = SLICE_LITERAL("C-1"), .state = LEDGER_UNSENT};
    if (history->is_created) {
        simulation->next_fate = FATES_MAX;
        run(simulation, "aaa", NO_CRASH);
        simulation->next_fate = 0;
    }
    for (simulation->run = 0; simulation->run < history->runs; simulation->run++) {
        run(simulation, history->inputs[simulation->run], history->crash_after[simulation->run]);
        simulation->has_crashed = false;
        simulation->steps_left = NO_CRASH;
        if (history->has_person[simulation->run])
            ask_person(simulation);
        check(simulation);
    }
    simulation->next_fate = FATES_MAX;
    run(simulation, last, NO_CRASH);
    if (simulation->users != 1 || strcmp(simulation->data, last) != 0)
        break_off(simulation, "the provider has the last data");
    if (simulation->row.state != LEDGER_CREATED || ledger_customer_is_open(&simulation->row) ||
        !is_digest_of(simulation->row.digest, last))
        break_off(simulation, "the row shows that the provider has the last data");
    if (needs_update(&simulation->row, last))
        break_off(simulation, "nothing is sent when nothing changed");
}

static void set_up(struct simulation *simulation)
{
    *simulation = (struct simulation){.users = 0};
    arena_init(&simulation->changes, 4096);
    arena_init(&simulation->rows[0], 4096);
    arena_init(&simulation->rows[1], 4096);
}

static void tear_down(struct simulation *simulation)
{
    arena_clear(&simulation->changes);
    arena_clear(&simulation->rows[0]);
    arena_clear(&simulation->rows[1]);
}

enum { CRASHES = 7 }; /* after the steps of an operation and its repeat, or none */

static unsigned steps_of(unsigned crash)
{
    return crash < CRASHES - 1 ? crash : NO_CRASH;
}

/* Two runs that crash after any number of steps, and every fate of the first three requests. */
static void every_short_history_ends_with_one_user_and_the_last_data(void **state)
{
    enum { FATE_COUNT = 3 };
    static const struct {
        const char *inputs[2];
        bool is_created, changes_email;
    } cases[] = {
        {{"aaa", "aaa"}, false, false}, {{"aaa", "abb"}, false, false}, {{"aba", "baa"}, false, true},
        {{"aba", "aba"}, true, false},  {{"aba", "aab"}, true, false},  {{"baa", "aaa"}, true, true},
    };
    struct simulation simulation;
    (void)state;
    set_up(&simulation);
    for (int mode = 0; mode < MODES; mode++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (unsigned crash = 0; crash < CRASHES * CRASHES; crash++)
                for (unsigned number = 0; number < FATES * FATES * FATES; number++) {
                    struct history history = {
                        .mode = (enum mode)mode,
                        .runs = 2,
                        .fate_count = FATE_COUNT,
                        .inputs = {cases[i].inputs[0], cases[i].inputs[1]},
                        .crash_after = {steps_of(crash % CRASHES), steps_of(crash / CRASHES)},
                        .forgets = number & 1,
                        .is_created = cases[i].is_created};
                    unsigned rest = number;
                    for (size_t j = 0; j < FATE_COUNT; j++, rest /= FATES)
                        history.fates[j] = (enum fate)(rest % FATES);
                    if (mode != LOOK_UP || !cases[i].changes_email) /* else it is held for a person */
                        live(&simulation, &history);
                }
    tear_down(&simulation);
}

static uint64_t random_state = UINT64_C(0x2545f4914f6cdd1d);

static unsigned draw(unsigned count)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % count;
}

static void long_histories_end_with_one_user_and_the_last_data(void **state)
{
    enum { HISTORIES = 10000 };
    static const char *const inputs[] = {"aaa", "aab", "aba", "abb", "baa", "bbb"};
    struct simulation simulation;
    (void)state;
    print_message("# seed %016llx\n", (unsigned long long)random_state);
    set_up(&simulation);
    for (unsigned i = 0; i < HISTORIES; i++) {
        struct history history = {
            .mode = (enum mode)draw(MODES), .runs = RUNS_MAX, .fate_count = FATES_MAX, .forgets = draw(2)};
        for (size_t j = 0; j < RUNS_MAX; j++) {
            history.inputs[j] = inputs[draw(history.mode == LOOK_UP ? 4 : 6)];
            history.crash_after[j] = draw(3) ? draw(12) : NO_CRASH;
            history.has_person[j] = draw(8) == 0;
        }
        for (size_t j = 0; j < FATES_MAX; j++)
            history.fates[j] = (enum fate)draw(FATES);
        live(&simulation, &history);
    }
    tear_down(&simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_history_ends_with_one_user_and_the_last_data),
        cmocka_unit_test(long_histories_end_with_one_user_and_the_last_data),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_resume", tests, NULL, NULL);
}
