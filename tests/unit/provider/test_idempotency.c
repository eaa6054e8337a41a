#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provider/idempotency.h"

/* RFC 4122, appendix C: the namespaces; the value for www.example.com of Python's uuid and RFC 9562, A.4. */
static void a_version_5_uuid_is_that_of_the_standard(void **state)
{
    (void)state;
    static const uint8_t dns[IDEMPOTENCY_NAMESPACE_LEN] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                                           0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    char uuid[IDEMPOTENCY_KEY_SIZE];
    assert_string_equal(idempotency_uuid(dns, slice_from("www.example.com"), uuid),
                        "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    assert_string_equal(idempotency_uuid(dns, slice_from("python.org"), uuid),
                        "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

static void a_key_is_the_same_on_every_machine(void **state)
{
    (void)state;
    char key[IDEMPOTENCY_KEY_SIZE];
    assert_string_equal(idempotency_key("kira-nightly", slice_from("C-200004"), 0, key),
                        "aa78aa3e-4de3-5763-8f1e-d3c5578cf22c");
    assert_string_equal(idempotency_key("kira-nightly", slice_from("C-200004"), 1, key),
                        "436bd170-af25-580c-b863-65ceccc2f0b7");
}

static void another_job_customer_or_count_is_another_key(void **state)
{
    (void)state;
    static const struct {
        const char *job, *external_id;
        uint64_t refusals;
    } parts[] = {{"a", "b", 0}, {"a", "b", 1}, {"a", "c", 0}, {"b", "b", 0},
                 {"ab", "", 0}, {"", "ab", 0}, {"a", "b", 10}};
    enum { COUNT = sizeof parts / sizeof *parts };
    char keys[COUNT][IDEMPOTENCY_KEY_SIZE];
    for (size_t i = 0; i < COUNT; i++) {
        idempotency_key(parts[i].job, slice_from(parts[i].external_id), parts[i].refusals, keys[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
    }
}

static void a_link_has_a_key_of_its_own(void **state)
{
    (void)state;
    char first[IDEMPOTENCY_KEY_SIZE], again[IDEMPOTENCY_KEY_SIZE], later[IDEMPOTENCY_KEY_SIZE],
        create[IDEMPOTENCY_KEY_SIZE];
    idempotency_link_key("a", slice_from("b"), 1, first);
    assert_string_equal(idempotency_link_key("a", slice_from("b"), 1, again), first);
    assert_string_not_equal(idempotency_link_key("a", slice_from("b"), 2, later), first);
    assert_string_not_equal(idempotency_key("a", slice_from("b"), 1, create), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_5_uuid_is_that_of_the_standard),
        cmocka_unit_test(a_key_is_the_same_on_every_machine),
        cmocka_unit_test(another_job_customer_or_count_is_another_key),
        cmocka_unit_test(a_link_has_a_key_of_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("idempotency", tests, NULL, NULL);
}
