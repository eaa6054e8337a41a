#include "unit/ledger/task_fixture.h"

#include "dispatch/user_stream.h"
#include "provider/provider_table.h"
#include "unit/job_parts.h"

/* The stream's sink is fed as the sender would: an empty slice first, then the body in pieces. */

enum { TRACE_SIZE = 128 };

/* The ledger has u-old and u-new. */
#define OLD        "{\"id\":\"u-old\",\"email\":\"old@example.com\"}"
#define NEW        "{\"id\":\"u-new\",\"email\":\"new@example.com\"}"
#define ADA        "{\"id\":\"u-ada\",\"email\":\"ada@example.com\"}"
#define KNOWN_ONES OLD "," NEW

static const struct row {
    const char *sentence, *body;
    bool taken, whole, has_all, certain;
    uint64_t unreadable;
    const char *users; /* as they were shown; `+`: the ledger has it */
    struct response_list headers;
} rows[] = {
    {"only users of the ledger",
     "{\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     true,
     true,
     0,
     "u-old+ u-new+",
     {0}},
    {"one of them is missing", "{\"users\":[" OLD "]}", true, true, true, false, 0, "u-old+", {0}},
    {"nobody", "{\"users\":[]}", true, true, true, false, 0, "", {0}},
    {"another user",
     "{\"users\":[" KNOWN_ONES "," ADA "]}",
     true,
     true,
     true,
     true,
     0,
     "u-old+ u-new+ u-ada",
     {0}},
    {"each shown twice",
     "{\"users\":[" OLD "," ADA "," OLD "," ADA "," NEW "]}",
     true,
     true,
     true,
     true,
     0,
     "u-old+ u-ada u-old+ u-ada u-new+",
     {0}},
    {"one shown twice does not stand for the other",
     "{\"users\":[" OLD "," OLD "]}",
     true,
     true,
     true,
     false,
     0,
     "u-old+ u-old+",
     {0}},
    {"a user without an id",
     "{\"users\":[" KNOWN_ONES ",{\"email\":\"ada@example.com\"}]}",
     true,
     true,
     true,
     false,
     1,
     "u-old+ u-new+",
     {0}},
    {"a user that is a number",
     "{\"users\":[1," KNOWN_ONES ",2]}",
     true,
     true,
     true,
     false,
     2,
     "u-old+ u-new+",
     {0}},
    {"the array alone", "[" KNOWN_ONES "]", true, true, true, true, 0, "u-old+ u-new+", {0}},
    {"a list that goes on",
     "{\"has_more\":true,\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {0}},
    {"a list of more",
     "{\"users\":[" KNOWN_ONES "],\"meta\":{\"total\":3}}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {0}},
    {"a list of so many",
     "{\"users\":[" KNOWN_ONES "],\"meta\":{\"total\":2,\"next\":null}}",
     true,
     true,
     true,
     true,
     0,
     "u-old+ u-new+",
     {0}},
    {"a list of two pages",
     "{\"users\":[" KNOWN_ONES "],\"total_pages\":2}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {0}},
    {"headers announce more",
     "{\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {.has_more = true}},
    {"headers announce three users",
     "{\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {.total = 3}},
    {"headers announce two pages",
     "{\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     false,
     false,
     0,
     "u-old+ u-new+",
     {.pages = 2}},
    {"headers announce two users on one page",
     "{\"users\":[" KNOWN_ONES "]}",
     true,
     true,
     true,
     true,
     0,
     "u-old+ u-new+",
     {.total = 2, .pages = 1}},
    {"cut", "{\"users\":[" KNOWN_ONES, true, false, false, false, 0, NULL, {0}},
    {"no list", "{\"message\":\"ok\"}", true, false, false, false, 0, NULL, {0}},
    {"not JSON", "{\"users\":[" OLD ",{x}]}", false, false, false, false, 0, NULL, {0}},
};

static void begin(void *context)
{
    ((char *)context)[0] = '\0';
}

static void add(void *context, const struct provider_user *user, const struct json_node *nodes, bool is_known)
{
    (void)nodes;
    char *trace = context;
    size_t len = strlen(trace);

    snprintf(trace + len, TRACE_SIZE - len, "%s%.*s%s", len ? " " : "", (int)user->id.len, user->id.data,
             is_known ? "+" : "");
}

static int setup(void **state)
{
    fixture_setup(state);
    fixture_create(*state, "old", "abc", "u-old");
    fixture_create(*state, "new", "abd", "u-new");
    return 0;
}

static struct user_stream *new_stream(const struct job *job, char *trace)
{
    return user_stream_new(job, provider_find("payso"),
                           &(struct user_stream_handler){.begin = begin, .add = add, .context = trace});
}

static bool feed(const struct delivery *delivery, const char *body, size_t piece)
{
    size_t len = strlen(body);
    bool taken = delivery->sink(delivery->sink_context, slice_make(NULL, 0));

    for (size_t offset = 0; offset < len; offset += piece)
        taken =
            taken && delivery->sink(delivery->sink_context,
                                    slice_make(body + offset, piece < len - offset ? piece : len - offset));
    return taken;
}

static void a_listing_is_read_as_a_stream(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, 100000))}};
    char trace[TRACE_SIZE];
    struct user_stream *stream = new_stream(&job, trace);
    struct error error;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t piece = 1; piece < 300; piece += 97) {
            struct delivery delivery = {.list = rows[i].headers};
            assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
            user_stream_attach(stream, &delivery);
            assert_int_equal(delivery.call.operation, OPERATION_LIST);
            (void)feed(&delivery, "{\"users\":[1," KNOWN_ONES,
                       50); /* an attempt that broke off leaves nothing */
            if (feed(&delivery, rows[i].body, piece) != rows[i].taken ||
                user_stream_is_whole(stream) != rows[i].whole ||
                (rows[i].whole && user_stream_has_all(stream, &delivery) != rows[i].has_all) ||
                user_stream_is_certain(stream, &delivery) != rows[i].certain ||
                user_stream_unreadable(stream) != rows[i].unreadable)
                fail_msg("%s", rows[i].sentence);
            if (rows[i].users && strcmp(trace, rows[i].users) != 0)
                fail_msg("%s: %s", rows[i].sentence, trace);
        }
    }
    user_stream_free(stream);
}

static void a_user_of_the_ledger_is_had_by_the_last_listing_alone(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, 100000))}};
    char trace[TRACE_SIZE];
    struct user_stream *stream = new_stream(&job, trace);
    struct delivery delivery = {.subject = 0};
    struct error error;

    assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
    user_stream_attach(stream, &delivery);
    assert_false(user_stream_is_whole(stream));
    assert_false(user_stream_has(stream, SLICE_LITERAL("u-old")));
    assert_true(feed(&delivery, "{\"users\":[" OLD "," ADA "]}", 7));
    assert_true(user_stream_has(stream, SLICE_LITERAL("u-old")));
    assert_false(user_stream_has(stream, SLICE_LITERAL("u-new")));
    assert_false(user_stream_has(stream, SLICE_LITERAL("u-ada"))); /* of the listing, not of the ledger */
    assert_true(feed(&delivery, "{\"users\":[" NEW "]}", 7));
    assert_false(user_stream_has(stream, SLICE_LITERAL("u-old")));
    assert_true(user_stream_has(stream, SLICE_LITERAL("u-new")));
    assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
    assert_false(user_stream_is_whole(stream));
    assert_false(user_stream_has(stream, SLICE_LITERAL("u-new")));
    user_stream_free(stream);
}

static void a_listing_need_not_have_a_user_that_is_deleted(void **state)
{
    static const struct {
        const char *body;
        bool certain;
    } bodies[] = {
        {"{\"users\":[" OLD "]}", true},
        {"{\"users\":[" KNOWN_ONES "]}", true},
        {"{\"users\":[" NEW "]}", false}, /* which does not stand for the other */
    };
    struct fixture *fixture = *state;
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, 100000))}};
    char trace[TRACE_SIZE];
    struct user_stream *stream = new_stream(&job, trace);

    fixture_verification(fixture, 2, VERIFICATION_UNKNOWN, LEDGER_DELETED, "", 7);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct delivery delivery = {.subject = 0};
        assert_int_equal(user_stream_prepare(stream, fixture->ledger, &fixture->error), 0);
        user_stream_attach(stream, &delivery);
        assert_true(feed(&delivery, bodies[i].body, 7));
        assert_int_equal(user_stream_is_certain(stream, &delivery), bodies[i].certain);
    }
    user_stream_free(stream);
}

static void a_listing_over_its_bound_is_not_read(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const char *body = "{\"users\":[" OLD "]}";

    for (size_t less = 0; less < 2; less++) {
        const struct job job = {
            .provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, strlen(body) - less))}};
        char trace[TRACE_SIZE];
        struct user_stream *stream = new_stream(&job, trace);
        struct delivery delivery = {.subject = 0};
        struct error error;

        assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
        user_stream_attach(stream, &delivery);
        assert_int_equal(feed(&delivery, body, 7), less == 0);
        assert_int_equal(user_stream_is_whole(stream), less == 0);
        user_stream_free(stream);
    }
}

static void a_user_over_its_bound_is_not_read(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_LIST_MAX, SIZE_MAX))}};
    char trace[TRACE_SIZE], piece[4096];
    struct user_stream *stream = new_stream(&job, trace);
    struct delivery delivery = {.subject = 0};
    struct error error;
    bool taken = true;

    memset(piece, 'x', sizeof piece);
    assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
    user_stream_attach(stream, &delivery);
    assert_true(feed(&delivery, "{\"users\":[{\"id\":\"", 7));
    for (size_t i = 0; taken && i <= USER_STREAM_USER_MAX / sizeof piece; i++)
        taken = delivery.sink(delivery.sink_context, slice_make(piece, sizeof piece));
    assert_false(taken);
    user_stream_free(stream);
}

/* A listing by pages, of small ones that announce how many users there are in all. */
struct page_case {
    const char *sentence;
    const char *pages[4];     /* NULL: the listing has ended */
    uint32_t offsets[4];      /* that are requested */
    bool has_all, is_certain; /* at its end */
    const char *users;
};

#define PAGE(total, users) "{\"data\":[" users "],\"total\":" #total "}"
#define SHORT(users)       "{\"data\":[" users "]}"

static const struct page_case page_cases[] = {
    {"one page", {PAGE(2, KNOWN_ONES)}, {0}, true, true, "u-old+ u-new+"},
    {"a page begins with the last user of the page before",
     {PAGE(3, OLD "," NEW), PAGE(3, NEW "," ADA)},
     {0, 1},
     true,
     true,
     "u-old+ u-new+ u-new+ u-ada"},
    {"users who came in front shift it",
     {PAGE(3, OLD "," NEW), PAGE(4, OLD "," NEW "," ADA)},
     {0, 1},
     true,
     true,
     "u-old+ u-new+ u-old+ u-new+ u-ada"},
    {"a user who went lets another be passed over",
     {PAGE(3, OLD "," NEW), PAGE(3, ADA)},
     {0, 1},
     false,
     false,
     "u-old+ u-new+ u-ada"},
    {"nobody on the second page", {PAGE(3, OLD "," NEW), PAGE(3, "")}, {0, 1}, false, false, "u-old+ u-new+"},
    {"pages that never go on",
     {PAGE(9, OLD "," NEW), PAGE(9, OLD "," NEW)},
     {0, 1},
     false,
     false,
     "u-old+ u-new+ u-old+ u-new+"},
    {"pages of fewer users than were asked for, and no total",
     {SHORT(OLD "," NEW), SHORT(NEW "," ADA), SHORT(ADA)},
     {0, 1, 2},
     true,
     true,
     "u-old+ u-new+ u-new+ u-ada u-ada"},
    {"an empty page behind the last one, and no total",
     {SHORT(OLD "," NEW), SHORT("")},
     {0, 1},
     true,
     true,
     "u-old+ u-new+"},
    {"a user of the ledger on neither", {PAGE(2, OLD "," ADA)}, {0}, true, false, "u-old+ u-ada"},
    {"fewer users than there are", {PAGE(1, "")}, {0}, false, false, ""},
};

static void a_listing_by_pages_is_certain_only_without_a_gap(void **state)
{
    struct ledger *ledger = ((struct fixture *)*state)->ledger;
    const struct job job = {.path = "job.yaml"};

    for (size_t i = 0; i < sizeof page_cases / sizeof *page_cases; i++) {
        const struct page_case *row = &page_cases[i];
        char trace[TRACE_SIZE] = "";
        struct user_stream *stream =
            user_stream_new(&job, provider_find("kira"),
                            &(struct user_stream_handler){.begin = begin, .add = add, .context = trace});
        struct delivery delivery = {.subject = 0};
        struct error error;
        size_t page = 0;
        assert_int_equal(user_stream_prepare(stream, ledger, &error), 0);
        assert_false(user_stream_is_whole(stream));
        do {
            assert_non_null(row->pages[page]);
            user_stream_attach(stream, &delivery);
            assert_int_equal(delivery.call.offset, row->offsets[page]);
            (void)feed(&delivery, "{\"data\":[", 50); /* an attempt that broke off leaves nothing */
            assert_false(user_stream_is_whole(stream));
            assert_true(feed(&delivery, row->pages[page++], 7));
            assert_true(user_stream_is_whole(stream));
        } while (user_stream_next_page(stream, &delivery));
        if (row->pages[page] || user_stream_has_all(stream, &delivery) != row->has_all ||
            user_stream_is_certain(stream, &delivery) != row->is_certain || strcmp(trace, row->users) != 0)
            fail_msg("%s: after %zu pages, %d %d: %s", row->sentence, page,
                     user_stream_has_all(stream, &delivery), user_stream_is_certain(stream, &delivery),
                     trace);
        user_stream_free(stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_listing_is_read_as_a_stream, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_listing_by_pages_is_certain_only_without_a_gap, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_user_of_the_ledger_is_had_by_the_last_listing_alone, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_listing_need_not_have_a_user_that_is_deleted, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_listing_over_its_bound_is_not_read, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_user_over_its_bound_is_not_read, setup, fixture_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("user_stream", tests, NULL, NULL);
}
