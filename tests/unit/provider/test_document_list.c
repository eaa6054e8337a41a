/* document_list: which documents of a record are sent, in how many requests, and what makes one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "provider/document_list.h"
#include "provider/kraken_embed.h"
#include "provider/payward.h"

#define URL "https://files.example.com/"

enum { PARTS_MAX = 16 };

/* A part of the first or second entry, and its value. */
struct part {
    size_t entry;
    enum entry_part part;
    const char *file, *text;
};

struct fixture {
    struct record record;
    struct value values[FIELD_COUNT + PARTS_MAX];
    const uint8_t *digests[FIELD_DOCUMENTS + PARTS_MAX];
};

/* parts: as field_define_entries wants them; ended by one without a text. */
static void fill(struct fixture *fixture, const struct part *parts)
{
    static const uint8_t content[RECORD_DOCUMENT_DIGEST_LEN] = {1};
    struct field_entry entries[PARTS_MAX];
    size_t count = 0;

    memset(fixture, 0, sizeof *fixture);
    for (; parts[count].text; count++) {
        entries[count] =
            (struct field_entry){parts[count].entry, parts[count].part, slice_from(parts[count].file)};
        if (parts[count].text[0])
            fixture->values[FIELD_COUNT + count] =
                (struct value){.text = slice_from(parts[count].text), .state = VALUE_PRESENT};
    }
    field_define(NULL, 0);
    field_define_entries(entries, count);
    for (size_t i = 0; i < field_document_count(); i++)
        fixture->digests[i] = content;
    fixture->record.values = fixture->values;
    fixture->record.document_digest = fixture->digests;
}

#define ENTRY(entry, type, number, country)                                                                  \
    {(entry), ENTRY_TYPE, NULL, (type)}, {(entry), ENTRY_NUMBER, NULL, (number)},                            \
    {                                                                                                        \
        (entry), ENTRY_COUNTRY, NULL, (country)                                                              \
    }

static void an_entry_is_a_request_for_each_thing_that_it_shows(void **state)
{
    (void)state;
    struct fixture fixture;
    struct document_listed listed[DOCUMENT_LIST_MAX];
    const struct part parts[] = {
        ENTRY(0, "id_card", "N1", "US"),
        {0, ENTRY_FILE, "front", "f.png"},
        {0, ENTRY_FILE, "back", "b.png"},
        {0, ENTRY_FILE, "selfie", "s.png"},
        ENTRY(1, "utility_bill", "N2", "US"),
        {1, ENTRY_FILE, "front", URL "bill.png"},
        {0, 0, NULL, NULL},
    };
    fill(&fixture, parts);
    assert_int_equal(document_list(&kraken_embed_provider, &fixture.record, listed), 3);
    assert_string_equal(listed[0].slot, "id_card/front");
    assert_int_equal(listed[0].document.kind, PROVIDER_DOCUMENT_IDENTITY);
    assert_true(slice_is(listed[0].document.file, "f.png") && slice_is(listed[0].document.back, "b.png"));
    assert_string_equal(listed[1].slot, "id_card/selfie");
    assert_int_equal(listed[1].document.kind, PROVIDER_DOCUMENT_SELFIE);
    assert_true(slice_is(listed[1].document.number, "N1"));
    assert_string_equal(listed[2].slot, "utility_bill/front");
    assert_int_equal(listed[2].document.kind, PROVIDER_DOCUMENT_RESIDENCE);
    for (size_t i = 0; i < 3; i++)
        assert_null(listed[i].fault);
}

static void a_front_is_the_front_in_whatever_order_the_job_names_the_files(void **state)
{
    (void)state;
    struct fixture fixture;
    struct document_listed listed[DOCUMENT_LIST_MAX];
    const struct part parts[] = {{0, ENTRY_FILE, "back", "b.png"},
                                 {0, ENTRY_FILE, "front", "f.png"},
                                 ENTRY(0, "id_card", "N1", "US"),
                                 {0, 0, NULL, NULL}};
    fill(&fixture, parts);
    assert_int_equal(document_list(&kraken_embed_provider, &fixture.record, listed), 1);
    assert_true(slice_is(listed[0].document.file, "f.png") && slice_is(listed[0].document.back, "b.png"));
    assert_string_equal(listed[0].slot, "id_card/front");
    assert_null(listed[0].fault);
}

static void a_back_alone_cannot_be_sent(void **state)
{
    (void)state;
    struct fixture fixture;
    struct document_listed listed[DOCUMENT_LIST_MAX];
    const struct part parts[] = {
        ENTRY(0, "id_card", "N1", "US"),
        {0, ENTRY_FILE, "front", ""},
        {0, ENTRY_FILE, "back", "b.png"},
        {0, 0, NULL, NULL},
    };
    fill(&fixture, parts);
    assert_int_equal(document_list(&kraken_embed_provider, &fixture.record, listed), 1);
    assert_string_equal(listed[0].fault, "has a back and no front");
}

static void an_entry_without_a_file_is_none(void **state)
{
    (void)state;
    struct fixture fixture;
    struct document_listed listed[DOCUMENT_LIST_MAX];
    const struct part parts[] = {
        ENTRY(0, "ssn", "N1", "US"), {0, ENTRY_FILE, "front", ""}, {0, 0, NULL, NULL}};
    fill(&fixture, parts);
    assert_int_equal(document_list(&payward_provider, &fixture.record, listed), 0);
}

static void what_a_provider_does_not_take_has_a_fault(void **state)
{
    (void)state;
    static const struct {
        const struct provider *provider;
        const char *type, *number, *country, *front, *back, *want; /* want: NULL: it can be sent */
    } examples[] = {
        {&payward_provider, "passport", "N", "US", URL "f.png", "", NULL},
        {&payward_provider, "ssn", "N", "US", URL "f.png", "", "has a type that the provider does not take"},
        {&payward_provider, "passport", "", "US", URL "f.png", "",
         "has no number, which the provider requires"},
        {&payward_provider, "passport", "N", "", URL "f.png", "",
         "has no country, which the provider requires"},
        {&payward_provider, "passport", "N", "US", "f.png", "",
         "is named by a path, and the provider takes https URLs alone"},
        {&payward_provider, "id_card", "N", "US", URL "f.png", "b.png",
         "is named by a path, and the provider takes https URLs alone"},
        {&payward_provider, "passport", "N", "US", "data:image/png;base64,AA==", "",
         "is in the export itself (data:), and the provider takes URLs and files"},
        {&kraken_embed_provider, "passport", "N", "US", "f.png", "", NULL},
        {&kraken_embed_provider, "id_card", "N", "US", "f.png", "b.png", NULL},
        {&kraken_embed_provider, "id_card", "N", "US", URL "f.png", "b.png",
         "has a URL and a path, and the provider takes one kind"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct fixture fixture;
        struct document_listed listed[DOCUMENT_LIST_MAX];
        const struct part parts[] = {
            ENTRY(0, examples[i].type, examples[i].number, examples[i].country),
            {0, ENTRY_FILE, "front", examples[i].front},
            {0, ENTRY_FILE, "back", examples[i].back},
            {0, 0, NULL, NULL},
        };
        fill(&fixture, parts);
        assert_int_equal(document_list(examples[i].provider, &fixture.record, listed), 1);
        if (!examples[i].want)
            assert_null(listed[0].fault);
        else
            assert_string_equal(listed[0].fault, examples[i].want);
    }
}

static void digest_first(const struct fixture *fixture, uint8_t out[DIGEST_SHA256_LEN])
{
    struct document_listed listed[DOCUMENT_LIST_MAX];
    struct digest_hmac *hmac = digest_hmac_new(DIGEST_SHA256, SLICE_LITERAL("key"));
    assert_true(document_list(&kraken_embed_provider, &fixture->record, listed) > 0);
    digest_hmac_begin(hmac);
    document_list_digest(&listed[0], &fixture->record, hmac);
    digest_hmac_end(hmac, out);
    digest_hmac_free(hmac);
}

static void a_document_is_another_by_what_it_is_and_holds(void **state)
{
    (void)state;
    static const uint8_t other_content[RECORD_DOCUMENT_DIGEST_LEN] = {2};
    static const struct {
        const char *sentence, *type, *number, *country, *front;
        bool is_other_content, is_same;
    } examples[] = {
        {"another type", "id_card", "N", "US", "f.png", false, false},
        {"another number", "passport", "M", "US", "f.png", false, false},
        {"another country", "passport", "N", "DE", "f.png", false, false},
        {"another content", "passport", "N", "US", "f.png", true, false},
        {"another name of the same content", "passport", "N", "US", "g.png", false, true},
    };
    const struct part first[] = {
        ENTRY(0, "passport", "N", "US"), {0, ENTRY_FILE, "front", "f.png"}, {0, 0, NULL, NULL}};
    struct fixture fixture;
    uint8_t want[DIGEST_SHA256_LEN], got[DIGEST_SHA256_LEN];
    fill(&fixture, first);
    digest_first(&fixture, want);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct part parts[] = {ENTRY(0, examples[i].type, examples[i].number, examples[i].country),
                                     {0, ENTRY_FILE, "front", examples[i].front},
                                     {0, 0, NULL, NULL}};
        fill(&fixture, parts);
        for (size_t j = 0; examples[i].is_other_content && j < field_document_count(); j++)
            fixture.digests[j] = other_content;
        digest_first(&fixture, got);
        if ((memcmp(got, want, sizeof got) == 0) != examples[i].is_same)
            fail_msg("%s", examples[i].sentence);
    }
}

/* A presigned URL has another signature each time. */
static void the_query_of_a_url_does_not_count(void **state)
{
    (void)state;
    static const char *const urls[] = {URL "f.png?X-Amz-Signature=1", URL "f.png?X-Amz-Signature=2",
                                       URL "f.png", URL "g.png?X-Amz-Signature=1"};
    struct fixture fixture;
    uint8_t digests[4][DIGEST_SHA256_LEN];
    for (size_t i = 0; i < 4; i++) {
        const struct part parts[] = {
            ENTRY(0, "passport", "N", "US"), {0, ENTRY_FILE, "front", urls[i]}, {0, 0, NULL, NULL}};
        fill(&fixture, parts);
        digest_first(&fixture, digests[i]);
    }
    assert_memory_equal(digests[0], digests[1], DIGEST_SHA256_LEN);
    assert_memory_equal(digests[0], digests[2], DIGEST_SHA256_LEN);
    assert_memory_not_equal(digests[0], digests[3], DIGEST_SHA256_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_a_request_for_each_thing_that_it_shows),
        cmocka_unit_test(a_front_is_the_front_in_whatever_order_the_job_names_the_files),
        cmocka_unit_test(a_back_alone_cannot_be_sent),
        cmocka_unit_test(an_entry_without_a_file_is_none),
        cmocka_unit_test(what_a_provider_does_not_take_has_a_fault),
        cmocka_unit_test(a_document_is_another_by_what_it_is_and_holds),
        cmocka_unit_test(the_query_of_a_url_does_not_count),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("document_list", tests, NULL, NULL);
}
