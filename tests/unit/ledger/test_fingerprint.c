#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "ledger/fingerprint.h"

static const uint8_t key[FINGERPRINT_KEY_LEN] = "a key of the tests, not a secret";
static const struct provider_field table[] = {
    {.field = FIELD_CUSTOMER_TYPE, .slot = PROVIDER_NO_SLOT},
    {.field = FIELD_EMAIL, .slot = 0},
    {.field = FIELD_FIRST_NAME, .slot = 1},
    {.field = FIELD_LAST_NAME, .slot = 1},
    {.field = FIELD_DATE_OF_BIRTH, .slot = 2},
    {.field = FIELD_DOCUMENT_FRONT, .slot = 2},
    {.field = FIELD_DOCUMENT_BACK, .slot = 2},
};
static const struct provider_fields fields = {
    .fields = table,
    .field_count = sizeof table / sizeof *table,
    .slot_count = 3,
};

static struct value values[FIELD_COUNT];
static struct record record = {.values = values};

static void put(enum field_id field, const char *text)
{
    values[field] = (struct value){slice_from(text), text ? VALUE_PRESENT : VALUE_ABSENT};
}

static void digest_of(uint8_t out[FINGERPRINT_LEN], uint8_t member_digests[3 * FINGERPRINT_MEMBER_LEN])
{
    struct fingerprint *fingerprint = fingerprint_new(key, &fields);
    fingerprint_record(fingerprint, &record, out);
    fingerprint_members(fingerprint, &record, member_digests);
    fingerprint_free(fingerprint);
}

static void hmac(const char *text, size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
    struct digest_hmac *context = digest_hmac_new(DIGEST_SHA256, slice_make((const char *)key, sizeof key));
    digest_hmac_begin(context);
    digest_hmac_add(context, slice_make(text, len));
    digest_hmac_end(context, out);
    digest_hmac_free(context);
}

static int set_up(void **state)
{
    (void)state;
    memset(values, 0, sizeof values);
    record.document_digest = NULL;
    put(FIELD_EMAIL, "ada@example.com");
    put(FIELD_FIRST_NAME, "Ada");
    put(FIELD_LAST_NAME, "Example");
    return 0;
}

static void the_digest_is_an_hmac_over_names_and_values(void **state)
{
    (void)state;
    static const char text[] = "email\0ada@example.com\0first_name\0Ada\0last_name\0Example";
    uint8_t want[DIGEST_SHA256_LEN], got[FINGERPRINT_LEN], got_members[3 * FINGERPRINT_MEMBER_LEN];
    hmac(text, sizeof text, want);
    digest_of(got, got_members);
    assert_memory_equal(got, want, sizeof got);
}

static void a_member_is_the_front_of_an_hmac_over_its_own_fields(void **state)
{
    (void)state;
    static const char name[] = "first_name\0Ada\0last_name\0Example";
    static const uint8_t none[FINGERPRINT_MEMBER_LEN];
    uint8_t want[DIGEST_SHA256_LEN], got[FINGERPRINT_LEN], got_members[3 * FINGERPRINT_MEMBER_LEN];
    hmac(name, sizeof name, want);
    digest_of(got, got_members);
    assert_memory_equal(got_members + FINGERPRINT_MEMBER_LEN, want, FINGERPRINT_MEMBER_LEN);
    assert_memory_equal(got_members + 2 * FINGERPRINT_MEMBER_LEN, none, FINGERPRINT_MEMBER_LEN);
}

static void a_change_shows_in_the_digest_and_in_its_member_alone(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum field_id field;
        const char *text;
        bool record;
        bool members[3];
    } cases[] = {
        {"another value", FIELD_FIRST_NAME, "Adah", true, {false, true, false}},
        {"a value that went away", FIELD_LAST_NAME, NULL, true, {false, true, false}},
        {"a value that came", FIELD_DATE_OF_BIRTH, "1980-01-13", true, {false, false, true}},
        {"a field that the provider does not take", FIELD_CITY, "Oslo", false, {false, false, false}},
        {"a field that is judged and never sent",
         FIELD_CUSTOMER_TYPE,
         "individual",
         false,
         {false, false, false}},
    };
    uint8_t before[FINGERPRINT_LEN], after[FINGERPRINT_LEN], members_before[3 * FINGERPRINT_MEMBER_LEN],
        members_after[3 * FINGERPRINT_MEMBER_LEN];
    digest_of(before, members_before);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(NULL);
        put(cases[i].field, cases[i].text);
        digest_of(after, members_after);
        bool changed = memcmp(before, after, sizeof before) != 0;
        if (changed != cases[i].record)
            fail_msg("%s: the digest", cases[i].sentence);
        for (size_t m = 0; m < 3; m++) {
            changed = memcmp(members_before + FINGERPRINT_MEMBER_LEN * m,
                             members_after + FINGERPRINT_MEMBER_LEN * m, FINGERPRINT_MEMBER_LEN) != 0;
            if (changed != cases[i].members[m])
                fail_msg("%s: member %zu", cases[i].sentence, m);
        }
    }
}

static void a_document_is_what_its_file_holds(void **state)
{
    (void)state;
    static const uint8_t one[RECORD_DOCUMENT_DIGEST_LEN] = {0xab},
                         two[RECORD_DOCUMENT_DIGEST_LEN] = {0xab, 1};
    static const char text[] =
        "document_front\0ab00000000000000000000000000000000000000000000000000000000000000\0"
        "document_back\0https://example.com/back.png";
    uint8_t want[DIGEST_SHA256_LEN], whole[FINGERPRINT_LEN], first[3 * FINGERPRINT_MEMBER_LEN],
        got[FINGERPRINT_LEN], got_members[3 * FINGERPRINT_MEMBER_LEN];
    put(FIELD_DOCUMENT_FRONT, "one.jpg");
    put(FIELD_DOCUMENT_BACK, "https://example.com/back.png");
    const uint8_t *digests[FIELD_DOCUMENTS] = {one};
    record.document_digest = digests;
    digest_of(whole, first);
    hmac(text, sizeof text, want);
    assert_memory_equal(first + 2 * FINGERPRINT_MEMBER_LEN, want, FINGERPRINT_MEMBER_LEN);

    put(FIELD_DOCUMENT_FRONT, "renamed.jpg");
    digest_of(got, got_members);
    assert_memory_equal(got, whole, sizeof got);
    assert_memory_equal(got_members, first, sizeof first);

    digests[0] = two;
    digest_of(got, got_members);
    assert_memory_not_equal(got, whole, sizeof got);
    assert_memory_equal(got_members, first, 2 * FINGERPRINT_MEMBER_LEN);
    assert_memory_not_equal(got_members + 2 * FINGERPRINT_MEMBER_LEN, first + 2 * FINGERPRINT_MEMBER_LEN,
                            FINGERPRINT_MEMBER_LEN);
    record.document_digest = NULL;
}

/* What is sent of documents is digested: entries by the job's names for their parts, a number that makes a
 * document by itself, and none that does not. */
static void documents_are_covered_as_far_as_they_are_sent(void **state)
{
    (void)state;
    static const struct provider_field rows[] = {
        {.field = FIELD_EMAIL, .slot = 0},
        {.field = FIELD_NATIONAL_ID, .form = PAYLOAD_ENTRY, .slot = 1},
        {.field = FIELD_NONE, .group = FIELD_GROUP_DOCUMENTS, .form = PAYLOAD_OWN, .slot = 1},
    };
    static const struct provider_fields kira = {.fields = rows, .field_count = 3, .slot_count = 2};
    static const struct field_entry entries[] = {
        {0, ENTRY_TYPE, {"", 0}}, {0, ENTRY_NUMBER, {"", 0}}, {0, ENTRY_FILE, SLICE_LITERAL("front")}};
    static const uint8_t file[RECORD_DOCUMENT_DIGEST_LEN] = {0xab};
    static const struct {
        const char *sentence, *country, *type, *number, *front, *text;
        size_t len;
    } cases[] = {
#define TEXT(text) (text), sizeof(text)
        {"an entry", "DE", "passport", "G1", "a.jpg",
         TEXT("documents[0].type\0passport\0documents[0].number\0G1\0documents[0].files.front\0"
              "ab00000000000000000000000000000000000000000000000000000000000000")},
        {"the number of an individual in the US", "US", NULL, NULL, NULL, TEXT("national_id\0900700001")},
        {"the same beside a document", "US", "passport", "G1", NULL,
         TEXT("national_id\0900700001\0documents[0].type\0passport\0documents[0].number\0G1")},
        {"not beside one of its type", "US", "SSN", "900700001", NULL,
         TEXT("documents[0].type\0SSN\0documents[0].number\0900700001")},
        {"not elsewhere", "DE", NULL, NULL, NULL, NULL, 0},
    };
    struct value all[FIELD_MAX] = {0};
    const uint8_t *digests[FIELD_DOCUMENTS + 1] = {NULL, NULL, file};
    const struct record documents = {.values = all, .document_digest = digests};
    struct fingerprint *fingerprint = fingerprint_new(key, &kira);
    field_define(NULL, 0);
    field_define_entries(entries, 3);
    all[FIELD_NATIONAL_ID] = (struct value){SLICE_LITERAL("900700001"), VALUE_PRESENT};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const texts[] = {cases[i].type, cases[i].number, cases[i].front};
        uint8_t got[2 * FINGERPRINT_MEMBER_LEN], want[DIGEST_SHA256_LEN] = {0};
        all[FIELD_COUNTRY] = (struct value){slice_from(cases[i].country), VALUE_PRESENT};
        for (size_t k = 0; k < 3; k++)
            all[FIELD_COUNT + k] = texts[k] ? (struct value){slice_from(texts[k]), VALUE_PRESENT}
                                            : (struct value){.state = VALUE_ABSENT};
        fingerprint_members(fingerprint, &documents, got);
        if (cases[i].text)
            hmac(cases[i].text, cases[i].len, want);
        if (memcmp(got + FINGERPRINT_MEMBER_LEN, want, FINGERPRINT_MEMBER_LEN) != 0)
            fail_msg("%s", cases[i].sentence);
    }
    fingerprint_free(fingerprint);
    field_define(NULL, 0);
}

static void text_moved_from_one_field_to_the_next_is_another_record(void **state)
{
    (void)state;
    uint8_t before[FINGERPRINT_LEN], after[FINGERPRINT_LEN], scratch[3 * FINGERPRINT_MEMBER_LEN];
    put(FIELD_FIRST_NAME, "Ada Exa");
    put(FIELD_LAST_NAME, "mple");
    digest_of(before, scratch);
    put(FIELD_FIRST_NAME, "Ada Ex");
    put(FIELD_LAST_NAME, "ample");
    digest_of(after, scratch);
    assert_memory_not_equal(before, after, sizeof before);
}

static void values_of_any_length_are_covered_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = {1000, 4070, 4080, 4096, 4097, 20000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *text = malloc(lengths[i] + 64), *name = malloc(lengths[i] + 1);
        memset(name, 'x', lengths[i]);
        name[lengths[i]] = '\0';
        put(FIELD_EMAIL, name);
        put(FIELD_FIRST_NAME, "Ada");
        put(FIELD_LAST_NAME, NULL);
        size_t len = 0;
        memcpy(text, "email", 6);
        len += 6;
        memcpy(text + len, name, lengths[i] + 1);
        len += lengths[i] + 1;
        memcpy(text + len, "first_name\0Ada", 15);
        len += 15;
        uint8_t want[DIGEST_SHA256_LEN], got[FINGERPRINT_LEN], scratch[3 * FINGERPRINT_MEMBER_LEN];
        hmac(text, len, want);
        digest_of(got, scratch);
        assert_memory_equal(got, want, sizeof got);
        free(text);
        free(name);
    }
}

static void one_object_gives_the_same_digest_again(void **state)
{
    (void)state;
    uint8_t first[FINGERPRINT_LEN], again[FINGERPRINT_LEN], scratch[3 * FINGERPRINT_MEMBER_LEN];
    struct fingerprint *fingerprint = fingerprint_new(key, &fields);
    fingerprint_record(fingerprint, &record, first);
    fingerprint_members(fingerprint, &record, scratch);
    fingerprint_record(fingerprint, &record, again);
    fingerprint_free(fingerprint);
    assert_memory_equal(first, again, sizeof first);
}

static void an_email_has_one_digest_in_any_case(void **state)
{
    (void)state;
    static const char text[] = "email\0alex.m@example.com";
    struct fingerprint *fingerprint = fingerprint_new(key, &fields);
    uint8_t want[DIGEST_SHA256_LEN], got[FINGERPRINT_MEMBER_LEN];

    hmac(text, sizeof text, want);
    put(FIELD_EMAIL, "Alex.M@example.com");
    fingerprint_email(fingerprint, &record, got);
    assert_memory_equal(got, want, sizeof got);
    put(FIELD_EMAIL, "alex.m@example.com");
    fingerprint_email(fingerprint, &record, got);
    assert_memory_equal(got, want, sizeof got);
    put(FIELD_EMAIL, NULL);
    memset(want, 0, sizeof want);
    fingerprint_email(fingerprint, &record, got);
    assert_memory_equal(got, want, sizeof got);
    fingerprint_free(fingerprint);
}

static void an_identity_is_e_mail_names_and_birth_date(void **state)
{
    (void)state;
    static const char text[] = "identity\0ada@example.com\0Ada\0Example\0\0"
                               "1990-01-02";
    static const struct {
        enum field_id field;
        const char *value;
        bool same;
    } cases[] = {
        {FIELD_EMAIL, "ADA@Example.com", true},     {FIELD_EMAIL, "ida@example.com", false},
        {FIELD_FIRST_NAME, "Ida", false},           {FIELD_LAST_NAME, "Other", false},
        {FIELD_DATE_OF_BIRTH, "1990-01-03", false}, {FIELD_EXTERNAL_ID, "another key", true},
        {FIELD_PHONE, "+14155550101", true},        {FIELD_COMPANY_NAME, "Example Ltd", false},
    };
    uint8_t want[DIGEST_SHA256_LEN], got[FINGERPRINT_IDENTITY_LEN];
    struct fingerprint *fingerprint = fingerprint_new(key, &fields);
    struct arena arena;
    struct slice hashed;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_up(NULL);
        put(FIELD_EMAIL, "ada@example.com");
        put(FIELD_FIRST_NAME, "Ada");
        put(FIELD_LAST_NAME, "Example");
        put(FIELD_COMPANY_NAME, NULL);
        put(FIELD_DATE_OF_BIRTH, "1990-01-02");
        uint64_t hash = fingerprint_identity_hash(&record, &arena, &hashed);
        assert_true(slice_begins_with(hashed, "ada@example.com"));
        hmac(text, sizeof text, want);
        assert_true(fingerprint_identity(fingerprint, &record, got));
        assert_int_equal(got[0], FINGERPRINT_IDENTITY_VERSION);
        assert_memory_equal(got + 1, want, FINGERPRINT_IDENTITY_LEN - 1);
        put(cases[i].field, cases[i].value);
        assert_true(fingerprint_identity(fingerprint, &record, got));
        assert_int_equal(memcmp(got + 1, want, FINGERPRINT_IDENTITY_LEN - 1) == 0, cases[i].same);
        assert_int_equal(fingerprint_identity_hash(&record, &arena, &hashed) == hash, cases[i].same);
    }
    arena_clear(&arena);
    fingerprint_free(fingerprint);
}

static void without_one_of_the_three_there_is_no_identity(void **state)
{
    (void)state;
    static const enum field_id needed[] = {FIELD_EMAIL, FIELD_FIRST_NAME, FIELD_LAST_NAME,
                                           FIELD_DATE_OF_BIRTH};
    uint8_t got[FINGERPRINT_IDENTITY_LEN] = {9};
    struct fingerprint *fingerprint = fingerprint_new(key, &fields);
    struct arena arena;
    struct slice hashed;
    arena_init(&arena, 1024);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        put(FIELD_EMAIL, "ada@example.com");
        put(FIELD_FIRST_NAME, "Ada");
        put(FIELD_LAST_NAME, "Example");
        put(FIELD_COMPANY_NAME, NULL);
        put(FIELD_DATE_OF_BIRTH, "1990-01-02");
        put(needed[i], NULL);
        assert_false(fingerprint_identity(fingerprint, &record, got));
        assert_int_equal(fingerprint_identity_hash(&record, &arena, &hashed), 0);
    }
    assert_int_equal(got[0], 9);
    put(FIELD_EMAIL, "ada@example.com");
    put(FIELD_LAST_NAME, NULL);
    put(FIELD_COMPANY_NAME, "Example Ltd"); /* a company has one name */
    put(FIELD_DATE_OF_BIRTH, "1990-01-02");
    assert_true(fingerprint_identity(fingerprint, &record, got));
    arena_clear(&arena);
    fingerprint_free(fingerprint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_email_has_one_digest_in_any_case, set_up),
        cmocka_unit_test_setup(the_digest_is_an_hmac_over_names_and_values, set_up),
        cmocka_unit_test_setup(a_member_is_the_front_of_an_hmac_over_its_own_fields, set_up),
        cmocka_unit_test_setup(a_change_shows_in_the_digest_and_in_its_member_alone, set_up),
        cmocka_unit_test_setup(a_document_is_what_its_file_holds, set_up),
        cmocka_unit_test(documents_are_covered_as_far_as_they_are_sent),
        cmocka_unit_test_setup(text_moved_from_one_field_to_the_next_is_another_record, set_up),
        cmocka_unit_test_setup(values_of_any_length_are_covered_whole, set_up),
        cmocka_unit_test_setup(an_identity_is_e_mail_names_and_birth_date, set_up),
        cmocka_unit_test_setup(without_one_of_the_three_there_is_no_identity, set_up),
        cmocka_unit_test_setup(one_object_gives_the_same_digest_again, set_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
