#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "provider/provider_table.h"
#include "provider/remote_user.h"

static void a_list_may_state_that_it_continues(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        struct remote_user_list_claim want;
    } rows[] = {
        {"[{\"id\":\"1\",\"next\":\"x\",\"total\":7}]", {false, 0, 0}},
        {"{\"users\":[{\"id\":\"1\",\"has_more\":true,\"total\":7}]}", {false, 0, 0}},
        {"{\"users\":[],\"has_more\":true}", {true, 0, 0}},
        {"{\"users\":[],\"hasMore\":false}", {false, 0, 0}},
        {"{\"hasNextPage\":true,\"users\":[]}", {true, 0, 0}},
        {"{\"users\":[],\"next\":\"https://x.example/users?page=2\"}", {true, 0, 0}},
        {"{\"users\":[],\"next\":null,\"next_cursor\":\"\"}", {false, 0, 0}},
        {"{\"users\":[],\"links\":{\"self\":\"/users\",\"next\":{\"href\":\"/users?page=2\"}}}",
         {true, 0, 0}},
        {"{\"users\":[],\"links\":{\"self\":\"/users\",\"next\":{\"href\":null}}}", {false, 0, 0}},
        {"{\"users\":[],\"pagination\":{\"nextPageToken\":\"abc\"}}", {true, 0, 0}},
        {"{\"users\":[],\"meta\":{\"next_page\":2}}", {true, 0, 0}},
        {"{\"users\":[],\"total\":3}", {false, 3, 0}},
        {"{\"users\":[],\"total\":\"3\",\"meta\":{\"total_count\":5}}", {false, 5, 0}},
        {"{\"users\":[],\"page\":1,\"total_pages\":4}", {false, 0, 4}},
        {"{\"data\":{\"users\":[{\"id\":\"1\"}],\"total\":9}}", {false, 9, 0}},
        {"{\"users\":[],\"limit\":100,\"offset\":0,\"status\":\"ok\",\"rate\":{\"remaining\":9}}",
         {false, 0, 0}},
    };
    struct json_reader *reader = json_reader_new();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct remote_user_list_claim claim;
        struct json_fault fault;
        size_t count, index;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(rows[i].answer), &count, &fault);
        assert_non_null(nodes);
        assert_true(remote_user_find_list(nodes, &index));
        remote_user_list_read_claim(nodes, index, &claim);
        if (claim.more != rows[i].want.more || claim.total != rows[i].want.total ||
            claim.pages != rows[i].want.pages)
            fail_msg("%s: more %d, total %llu, pages %llu", rows[i].answer, claim.more,
                     (unsigned long long)claim.total, (unsigned long long)claim.pages);
    }
    json_reader_free(reader);
}

/* payso has no place for a key of ours: what it calls external_id is its own. */
static void a_key_is_read_where_the_request_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *answer, *want;
    } rows[] = {
        {"payward", "{\"data\":{\"id\":\"u-1\",\"external_reference\":\"c-1\"}}", "c-1"},
        {"payward", "{\"data\":{\"id\":\"u-1\",\"external_id\":\"c-1\"}}", ""},
        {"kraken-embed", "{\"result\":{\"user\":\"u-1\",\"external_id\":\"c-1\"}}", "c-1"},
        {"kira", "{\"id\":\"u-1\",\"external_id\":\"c-1\"}", "c-1"},
        {"kira", "{\"id\":\"u-1\",\"external_id\":\"c-2\",\"metadata\":{\"external_id\":\"c-1\"}}", "c-1"},
        {"kira", "{\"id\":\"u-1\",\"external_id\":\"c-1\",\"metadata\":[{\"external_id\":\"c-2\"}]}", "c-1"},
        {"kira", "{\"id\":\"u-1\",\"metadata\":null}", ""},
        {"payso", "{\"user\":{\"id\":\"u-1\",\"external_id\":\"77\"}}", ""},
    };
    struct json_reader *reader = json_reader_new();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_fault fault;
        struct slice id, key;
        size_t count;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(rows[i].answer), &count, &fault);
        assert_non_null(nodes);
        assert_true(remote_user_identity(provider_find(rows[i].provider)->fields, nodes, &id, &key));
        if (!slice_is(id, "u-1") || !slice_is(key, rows[i].want))
            fail_msg("%s, %s: %.*s", rows[i].provider, rows[i].answer, (int)key.len, key.data);
    }
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_may_state_that_it_continues),
        cmocka_unit_test(a_key_is_read_where_the_request_has_it),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("remote_user", tests, NULL, NULL);
}
