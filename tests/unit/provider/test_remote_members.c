#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "provider/provider_table.h"
#include "provider/remote_members.h"
#include "unit/job_parts.h"

static uint64_t bit_of(const struct provider *provider, enum field_id field)
{
    return UINT64_C(1) << provider_fields_find(provider->fields, field)->slot;
}

/* state: `=` shown with this value, `?` shown and not readable, `-` not shown. */
static void a_member_is_read_where_the_reply_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *reply;
        enum field_id field;
        char shown;
        const char *want;
    } rows[] = {
        {"kira", "{\"id\":\"u-1\",\"phone\":\"+14155550110\"}", FIELD_PHONE, '=', "+14155550110"},
        {"kira", "{\"data\":{\"id\":\"u-1\",\"phone\":\"+14155550110\"}}", FIELD_PHONE, '=', "+14155550110"},
        {"kira", "{\"id\":\"u-1\",\"phone\":null}", FIELD_PHONE, '-', ""},
        {"kira", "{\"id\":\"u-1\",\"phone\":\"\"}", FIELD_PHONE, '-', ""},
        {"kira", "{\"id\":\"u-1\",\"phone\":[\"+14155550110\"]}", FIELD_PHONE, '-', ""},
        {"kira", "{\"id\":\"u-1\",\"residential_address\":{\"city\":\"Example  City\"}}", FIELD_CITY, '=',
         "Example City"},
        {"kira", "{\"id\":\"u-1\",\"address_city\":\"Example City\"}", FIELD_CITY, '=', "Example City"},
        {"kira", "{\"id\":\"u-1\",\"residential_address\":{\"country\":\"USA\"}}", FIELD_COUNTRY, '=', "US"},
        {"kira", "{\"id\":\"u-1\",\"residential_address\":{\"country\":\"Nowhere\"}}", FIELD_COUNTRY, '?',
         ""},
        {"kira", "{\"id\":\"u-1\",\"nationality\":\"DEU\"}", FIELD_NATIONALITIES, '=', "DE"},
        {"kira", "{\"id\":\"u-1\",\"birth_date\":\"1990-04-15\"}", FIELD_DATE_OF_BIRTH, '=', "1990-04-15"},
        {"kira", "{\"id\":\"u-1\",\"birth_date\":\"15.4.1990\"}", FIELD_DATE_OF_BIRTH, '?', ""},
        {"kira", "{\"id\":\"u-1\",\"pep_status\":true}", FIELD_PEP_STATUS, '=', "true"},
        {"payso", "{\"id\":\"u-1\",\"date_of_birth\":\"15/04/1990\"}", FIELD_DATE_OF_BIRTH, '=',
         "1990-04-15"},
        {"payso", "{\"user\":{\"id\":\"u-1\",\"postcode\":\"94103\"}}", FIELD_POSTAL_CODE, '=', "94103"},
        {"payso", "{\"id\":\"u-1\",\"beneficiary_type\":\"individual\"}", FIELD_CUSTOMER_TYPE, '=',
         "individual"},
        {"payso", "{\"id\":\"u-1\",\"ssn\":null}", FIELD_NATIONAL_ID, '-', ""},
    };
    const struct job job = {.provider = {JOB_SETTINGS(JOB_NUMBER(SETTING_DATE_FORMAT, JOB_DATE_DMY))}};
    struct json_reader *reader = json_reader_new();
    struct arena arena;

    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct provider *provider = provider_find(rows[i].provider);
        uint64_t bit = bit_of(provider, rows[i].field);
        struct remote_members members;
        struct json_fault fault;
        size_t count;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(rows[i].reply), &count, &fault);
        assert_non_null(nodes);
        remote_members_read(provider, nodes, 0, &job, &arena, &members);
        const struct value *value = &members.values[rows[i].field];
        bool is_right = (members.shown & bit) == (rows[i].shown == '-' ? 0 : bit) &&
                        (members.unreadable & bit) == (rows[i].shown == '?' ? bit : 0) &&
                        (value->state == VALUE_PRESENT) == (rows[i].shown == '=');
        if (!is_right || (rows[i].shown == '=' && !slice_is(value->text, rows[i].want)))
            fail_msg("%s: %.*s", rows[i].reply, (int)value->text.len,
                     value->text.len ? value->text.data : "");
    }
    arena_clear(&arena);
    json_reader_free(reader);
}

/* The job's own fields of metadata are one member: it is shown with the object. */
static void the_jobs_own_fields_are_read_by_their_names(void **state)
{
    (void)state;
    static const char reply[] =
        "{\"id\":\"u-1\",\"metadata\":{\"plan\":\"gold\",\"other\":\"x\",\"none\":null}}";
    const struct slice names[] = {SLICE_LITERAL("metadata.none"), SLICE_LITERAL("metadata.plan")};
    const struct provider *kira = provider_find("kira");
    const struct job job = {.name = "test"};
    struct json_reader *reader = json_reader_new();
    struct remote_members members;
    struct json_fault fault;
    struct arena arena;
    size_t count;

    field_define(names, 2);
    arena_init(&arena, 4096);
    const struct json_node *nodes = json_reader_parse(reader, slice_from(reply), &count, &fault);
    remote_members_read(kira, nodes, 0, &job, &arena, &members);
    uint64_t bit = UINT64_C(1) << provider_fields_named(kira->fields, SLICE_LITERAL("metadata"))->slot;
    assert_true(members.shown & bit);
    assert_int_equal(members.values[FIELD_COUNT].state, VALUE_ABSENT);
    assert_true(slice_is(members.values[FIELD_COUNT + 1].text, "gold"));
    field_define(NULL, 0);
    arena_clear(&arena);
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_read_where_the_reply_has_it),
        cmocka_unit_test(the_jobs_own_fields_are_read_by_their_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("remote_members", tests, NULL, NULL);
}
