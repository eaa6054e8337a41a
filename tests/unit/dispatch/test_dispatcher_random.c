/* dispatcher: many records at once against a provider that loses requests and answers, over several runs that
 * stop or whose ledger fails anywhere.
 *
 * The provider counts its users: no customer may get a second one, and the ledger may forget none. Random,
 * from fixed seeds: a failure names its seed.
 */
#include "unit/dispatch/scripted.h"

enum { PEOPLE = 10, IN_FLIGHT = 4, SEEDS = 5, RUNS = 4, BODY_SIZE = 4096 };

/* A customer, as the provider has it. */
struct person {
    char key[16], user_id[32];
    bool is_invalid; /* every create is refused */
    bool is_hidden;  /* it is not found by a look-up */
    bool is_old;     /* its idempotency key is forgotten */
    bool has_user;
    bool is_late;         /* a create without an answer is still under way */
    bool exists, is_told; /* a create in doubt was answered so; and that is durable */
    int64_t customer;
    unsigned ended; /* in this run */
};

struct play {
    struct scripted scripted;
    struct person people[PEOPLE];
    struct delivery *in_flight[IN_FLIGHT];
    size_t in_flight_count;
    uint64_t random;
    unsigned seed;
    bool is_truthful; /* every request arrives, and every answer */
    uint64_t added, ended;
};

static unsigned draw(struct play *play, unsigned count)
{
    play->random ^= play->random << 13;
    play->random ^= play->random >> 7;
    play->random ^= play->random << 17;
    return (unsigned)(play->random >> 33) % count;
}

static bool is_at(const struct play *play, const char *provider)
{
    return strcmp(play->scripted.customers.provider->name, provider) == 0;
}

static struct person *person_of(struct play *play, const struct delivery *delivery)
{
    struct slice key = delivery->call.record->values[FIELD_EXTERNAL_ID].text;

    for (size_t i = 0; i < PEOPLE; i++)
        if (slice_is(key, play->people[i].key))
            return &play->people[i];
    fail_msg("a request for nobody");
    return NULL;
}

/* The provider carries out a create. */
static void execute(struct play *play, struct person *person)
{
    bool is_recognized = is_at(play, "payward") || (is_at(play, "kira") && !person->is_old);

    if (person->has_user && !is_recognized)
        fail_msg("seed %u: %s has a second user", play->seed, person->key);
    person->has_user = true;
    person->is_late = person->is_old = false;
}

static void answer_create(struct play *play, struct delivery *delivery, struct person *person)
{
    unsigned kind = play->is_truthful ? 0 : draw(play, 9);
    const struct task *task = (const struct task *)delivery;
    bool had_user = person->has_user, in_doubt = task_is_in_doubt(task->state);
    char reply[64] = "429";

    if (person->is_told && is_at(play, "kira"))
        fail_msg("seed %u: %s exists, and is sent again", play->seed, person->key);
    if (person->is_late)
        execute(play, person);
    if (kind < 7 && person->is_invalid) {
        snprintf(reply, sizeof reply, "422");
    } else if (kind < 6 && !(kind == 5 && is_at(play, "payso"))) {
        person->is_late = kind == 5 && !person->has_user;
        if (!person->is_late)
            execute(play, person);
        snprintf(reply, sizeof reply, kind < 4 ? "done" : "timeout");
    } else if (kind == 6) {
        snprintf(reply, sizeof reply, "timeout");
    }
    if (kind > 0 && kind < 4 && had_user && in_doubt) {
        bool is_named = is_at(play, "payward") && draw(play, 2);
        snprintf(reply, sizeof reply, is_named ? "409 %s" : "409", person->user_id);
        person->exists = true;
    }
    scripted_answer(&play->scripted, delivery, reply, person->user_id);
}

static void append_user(struct buffer *body, const struct person *person, size_t i)
{
    buffer_printf(
        body,
        "%s{\"id\":\"%s\",\"email\":\"person-%02zu@example.com\",\"first_name\":\"Alex\",\"last_name\":\"Morgan\",\"date_of_birth\":\"15/04/1990\",\"metadata\":{\"external_id\":\"%s\"}}",
        body->len > 0 && body->data[body->len - 1] == '}' ? "," : "", person->user_id, i + 1, person->key);
}

/* The truth, as far as this question shows it. */
static void write_answer(struct play *play, const struct delivery *delivery, struct buffer *body)
{
    enum operation operation = delivery->call.operation;
    const struct person *asked = operation == OPERATION_LIST ? NULL : person_of(play, delivery);

    if (operation != OPERATION_FETCH)
        buffer_printf(body, "{\"users\":[");
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct person *person = &play->people[i];
        bool is_shown = operation == OPERATION_LOOK_UP
                            ? person == asked && delivery->call.offset == 0 && !person->is_hidden
                            : operation == OPERATION_LIST || person == asked;
        if (person->has_user && is_shown)
            append_user(body, person, i);
    }
    if (operation != OPERATION_FETCH)
        buffer_printf(body, "]}");
    buffer_append(body, slice_make("", 1)); /* its end as a string */
}

static void answer_question(struct play *play, struct delivery *delivery)
{
    static const char *const others[] = {"429", "{}", "422", "{\"users\":[],\"has_more\":true}"};
    unsigned kind = play->is_truthful ? 0 : draw(play, 8);
    struct buffer body;

    if (kind >= 4) {
        scripted_answer(&play->scripted, delivery, others[kind - 4], "");
        return;
    }
    buffer_init(&body, BODY_SIZE);
    write_answer(play, delivery, &body);
    scripted_answer(&play->scripted, delivery, body.data, "");
    buffer_clear(&body);
}

static void answer(struct play *play)
{
    size_t i = draw(play, (unsigned)play->in_flight_count);
    struct delivery *delivery = play->in_flight[i];
    static const char *const replies[] = {"done", "done", "timeout", "429"};

    play->in_flight[i] = play->in_flight[--play->in_flight_count];
    if (!play->is_truthful && draw(play, 16) == 0) { /* it did not leave */
        delivery->outcome = (struct outcome){.kind = OUTCOME_NOT_SENT};
        delivery->sent = false;
        scripted_return(&play->scripted, delivery);
    } else if (delivery->call.operation == OPERATION_CREATE) {
        answer_create(play, delivery, person_of(play, delivery));
    } else if (delivery->call.operation == OPERATION_UPDATE) {
        scripted_answer(&play->scripted, delivery, replies[play->is_truthful ? 0 : draw(play, 4)], "");
    } else {
        answer_question(play, delivery);
    }
}

/* Makes a round durable, and counts what ended in it. */
static void commit(struct play *play)
{
    struct fixture *fixture = play->scripted.customers.fixture;
    const struct task *task;

    fixture_commit(fixture);
    fixture_begin(fixture);
    while ((task = scripted_pop_ended(&play->scripted))) {
        assert_true(task_is_final(task->state));
        play->ended++;
        for (size_t i = 0; i < PEOPLE; i++)
            if (play->people[i].customer == task->customer && play->people[i].ended++ > 0)
                fail_msg("seed %u: %s ended twice", play->seed, play->people[i].key);
    }
    for (size_t i = 0; i < PEOPLE; i++)
        play->people[i].is_told = play->people[i].is_told || play->people[i].exists;
}

/* After a commit. False: there is none. */
static bool send(struct play *play)
{
    struct delivery *delivery = scripted_next(&play->scripted);

    if (!delivery)
        return false;
    play->in_flight[play->in_flight_count++] = delivery;
    if (delivery->call.operation != OPERATION_CREATE)
        return true;
    struct person *person = person_of(play, delivery);
    person->customer = ((const struct task *)delivery)->customer;
    const struct ledger_customer row = fixture_find(play->scripted.customers.fixture, person->customer);
    assert_true(row.first_sent_at != 0 && row.operation == OPERATION_CREATE);
    const char *key = delivery->call.idempotency_key;
    assert_true(slice_is(row.idempotency_key, key ? key : ""));
    if (((const struct task *)delivery)->state == TASK_CREATE)
        assert_memory_equal(row.pending_digest.data, delivery->call.record->digest, FINGERPRINT_LEN);
    return true;
}

static void add_rows(struct play *play)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        struct row_record row;
        const struct decision decision =
            scripted_decide(&play->scripted, play->people[i].key, (unsigned)i + 1,
                            draw(play, 3) ? ROW_SAME : ROW_PHONE, &row);
        play->people[i].ended = 0;
        if (decision.kind != DECISION_CREATE && decision.kind != DECISION_UPDATE &&
            decision.kind != DECISION_RECONCILE)
            continue;
        play->added++;
        assert_int_equal(dispatcher_add(play->scripted.dispatcher, &row.sample.record, &decision,
                                        &play->scripted.customers.fixture->error),
                         0);
    }
}

/* What the provider has, and what the ledger has of it. */
static void check_people(struct play *play)
{
    struct fixture *fixture = play->scripted.customers.fixture;

    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &play->people[i];
        struct ledger_customer row;
        if (person->is_late)
            execute(play, person);
        int found = ledger_find_by_key(fixture->ledger, slice_from(person->key), &fixture->arena, &row,
                                       &fixture->error);
        assert_true(found >= 0);
        bool is_open = found && ledger_customer_has_open_create(&row);
        bool is_created = found && row.state == LEDGER_CREATED && slice_is(row.user_id, person->user_id);
        if (person->has_user ? !is_open && !is_created : is_created)
            fail_msg("seed %u, %s: %s has %s user, the ledger %s", play->seed,
                     play->scripted.customers.provider->name, person->key, person->has_user ? "a" : "no",
                     found ? ledger_state_word(row.state) : "nothing");
        person->exists = person->is_told = person->is_told && !is_created;
        if (play->is_truthful && !person->is_invalid && !person->is_hidden && !is_at(play, "payward") &&
            !is_created)
            fail_msg("seed %u, %s: %s is not resolved", play->seed, play->scripted.customers.provider->name,
                     person->key);
    }
}

static void run(struct play *play)
{
    struct scripted *scripted = &play->scripted;
    struct fixture *fixture = scripted->customers.fixture;
    bool is_over = false;

    play->added = play->ended = 0;
    scripted_start(scripted);
    add_rows(play);
    while (!is_over) {
        commit(play);
        while (play->in_flight_count < IN_FLIGHT && draw(play, 4) > 0 && send(play))
            ;
        if (play->in_flight_count == 0)
            is_over = !send(play);
        for (unsigned count = draw(play, 3); count > 0 && play->in_flight_count > 0; count--)
            answer(play);
        is_over = is_over || (!play->is_truthful && draw(play, 40) == 0);
    }
    bool fails = !play->is_truthful && draw(play, 2);
    if (fails)
        dispatcher_fail(scripted->dispatcher);
    else
        dispatcher_stop(scripted->dispatcher, false);
    while (play->in_flight_count > 0)
        answer(play);
    if (!fails)
        commit(play);
    scripted_stop(scripted);
    const struct run_stats *stats = scripted->stats;
    assert_int_equal(stats->created + stats->updated + stats->refused, 0); /* commit took those */
    assert_int_equal(play->ended + stats->in_doubt + stats->unsent, play->added);
    scripted_end(scripted);
    for (size_t i = 0; i < PEOPLE && fails; i++) /* what was not durable is not remembered */
        play->people[i].exists = play->people[i].is_told;
    fixture_begin(fixture);
    fixture_commit(fixture);
    check_people(play);
    scripted_reload(scripted);
}

static void open_play(struct play *play, const char *provider, unsigned seed)
{
    static const enum life lives[] = {NEVER_SEEN, NEVER_SEEN, NEVER_SEEN, CREATED, JOURNALLED, IN_DOUBT};

    *play = (struct play){.seed = seed, .random = 0x9e3779b97f4a7c15 * (seed + 1)};
    scripted_open(&play->scripted, provider);
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &play->people[i];
        enum life life = lives[draw(play, sizeof lives / sizeof *lives)];
        snprintf(person->key, sizeof person->key, "C-%zu", i);
        snprintf(person->user_id, sizeof person->user_id, "fake-user-C-%zu", i);
        person->customer = customers_add(&play->scripted.customers, life, person->key, (unsigned)i + 1).id;
        person->is_old = life != NEVER_SEEN;
        person->has_user = life == CREATED || (person->is_old && draw(play, 2));
        person->is_invalid = !person->is_old && draw(play, 8) == 0;
        person->is_hidden = !person->is_old && draw(play, 2);
    }
    customers_load(&play->scripted.customers);
}

static void play_seed(const char *provider, unsigned seed)
{
    struct play play;

    open_play(&play, provider, seed);
    for (unsigned i = 0; i < RUNS; i++) {
        play.is_truthful = i + 1 == RUNS;
        run(&play);
    }
    scripted_close(&play.scripted);
}

static void no_customer_gets_a_second_user_and_none_is_lost(void **state)
{
    static const char *const providers[] = {"payward", "kira", "payso"};

    (void)state;
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        for (unsigned seed = 0; seed < SEEDS; seed++)
            play_seed(providers[i], seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_customer_gets_a_second_user_and_none_is_lost),
    };

    log_setup("test", LOG_WARNING, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dispatcher_random", tests, NULL, NULL);
}
