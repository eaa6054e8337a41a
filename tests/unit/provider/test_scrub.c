#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/utf8.h"
#include "model/outcome.h"
#include "provider/scrub.h"
#include "unit/job_parts.h"
#include "unit/provider/records.h"

static void what_a_provider_quotes_is_replaced_by_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want;
    } examples[] = {
        {"nothing of the record stays as it is", "phone is invalid", "phone is invalid"},
        {"an e-mail", "user alex.morgan@example.com exists", "user ‹email› exists"},
        {"in another case", "user ALEX.Morgan@Example.COM exists", "user ‹email› exists"},
        {"the longest value wins", "alex.morgan@example.com", "‹email›"},
        {"a part of the e-mail that is a name", "alex is taken", "‹first_name› is taken"},
        {"a word that holds one is another word", "xAlexander, Alexandra, morganatic",
         "xAlexander, Alexandra, morganatic"},
        {"the customer's key", "ref partner-customer-9001 used", "ref ‹external_id› used"},
        {"a phone", "phone +14155550110 is bad", "phone ‹phone› is bad"},
        {"a phone without its plus", "phone 14155550110 is bad", "phone ‹phone› is bad"},
        {"a phone in groups", "phone (415) 555-0110 is bad", "phone (‹phone› is bad"},
        {"a name beyond ASCII", "employer Müller & Söhne", "employer ‹employer_name›"},
        {"an item of a list", "tax id 12 345 unknown", "tax id ‹tax_id› unknown"},
        {"another item of it", "tax id 900-70-0001 unknown", "tax id ‹tax_id› unknown"},
        {"a value of three characters", "born in Ulm", "born in ‹birth_city›"},
        {"a value of two characters stays", "country US not allowed", "country US not allowed"},
        {"a birth date written otherwise", "born 15.04.1990", "born ‹date_of_birth›"},
        {"somebody else's e-mail", "owned by kim@example.org", "owned by ‹email›"},
        {"one that begins with a value", "owned by alex.two@example.org", "owned by ‹email›"},
        {"one with a tag", "x=kim+tag@example.org;", "‹email›;"},
        {"a link", "exists: https://verify.example.com/s/a1b2-c3d4?x=1. Open it", "exists: ‹link›. Open it"},
        {"a link in quotes, and in capitals", "\"HTTP://verify.example.com/s\" is one", "\"‹link›\" is one"},
        {"a scheme alone", "https:// is missing", "https:// is missing"},
        {"an at sign alone", "meet @ noon", "meet @ noon"},
        {"an at sign before nothing", "a@ b", "a@ b"},
        {"five digits", "error 54321", "error 54321"},
        {"six digits", "error 123456", "error ‹number›"},
        {"six digits in a word", "ref_123456x", "ref_‹number›x"},
        {"digits far apart", "1234, then 5678", "1234, then 5678"},
        {"blanks fold", "  a\n\t b\x01\x7f ", "a b"},
        {"a value whose blanks are a line's end and more", "lives in 1\x18Market\r\n  St",
         "lives in ‹address_line1›"},
        {"a number over two lines", "call 415\n555", "call ‹phone›"},
        {"a terminal's control character",
         "a\xc2\x9b"
         "31mb",
         "a 31mb"},
        {"bytes that are not UTF-8",
         "a\xff"
         "b\xc3",
         "a?b?"},
        {"nothing", "", ""},
        {"an address in a URL", "no user at /users?email=alex.morgan%40example.com&x",
         "no user at ‹email›&x"},
        {"one encoded twice", "alex.morgan%2540example.com", "‹email›"},
        {"one in JSON's escapes", "{\\\"e\\\":\\\"alex.morgan\\u0040example.com\\\"}", "{\"e\":\"‹email›\"}"},
        {"one in HTML's", "<b>alex.morgan&#64;example.com</b> &amp; alex.morgan&#x40;example.com",
         "<b>‹email›</b> & ‹email›"},
        {"escapes that are none", "100% of %zz \\q &#; &#x; &x 5%", "100% of %zz \\q &#; &#x; &x 5%"},
        {"capitals beyond ASCII", "employer MÜLLER & SÖHNE", "employer ‹employer_name›"},
        {"without its accents", "employer Muller & Sohne", "employer ‹employer_name›"},
        {"taken apart", "employer Mu\xcc\x88ller & So\xcc\x88hne!", "employer ‹employer_name›!"},
        {"in escapes, taken apart", "Mu\\u0308ller & S\\u00f6hne", "‹employer_name›"},
        {"in full-width letters", "\xef\xbc\xa1\xef\xbd\x8c\xef\xbd\x85\xef\xbd\x98 x", "‹first_name› x"},
        {"with a letter that nobody sees",
         "Al\xe2\x80\x8b"
         "ex x",
         "‹first_name› x"},
        {"what turns a line around",
         "a\xe2\x80\xae"
         "b",
         "ab"},
        {"base64", "got YWxleC5tb3JnYW5AZXhhbXBsZS5jb20= as e-mail", "got ‹token› as e-mail"},
        {"short base64", "got QWxleA== and", "got ‹token› and"},
        {"a JWT", "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9xABCd.sig", "token ‹token›.‹token›.sig"},
        {"a UUID stays but for its digits", "id 0b6c0c1e-5cd0-4a5f-9d5e-abcdef012a3a",
         "id 0b6c0c1e-5cd0-4a5f-9d5e-abcdef012a3a"},
        {"a long word stays", "idempotency_key_reused_by_SomebodyElse",
         "idempotency_key_reused_by_SomebodyElse"},
    };
    struct sample sample;
    sample_fill_all(&sample);
    sample_set(&sample, FIELD_BIRTH_CITY, "Ulm");
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char out[OUTCOME_MESSAGE_SIZE];
        size_t len = scrub_text(slice_from(examples[i].text), &sample.record, NULL, out, sizeof out);
        assert_int_equal(len, strlen(out));
        if (strcmp(out, examples[i].want) != 0)
            fail_msg("%s: `%s` becomes `%s`, not `%s`", examples[i].sentence, examples[i].text, out,
                     examples[i].want);
    }
}

static void no_secret_is_quoted(void **state)
{
    (void)state;
    struct job_credential items[2][JOB_PARTS_MAX];
    struct job_credentials credentials[] = {
        job_parts_credentials(items[0], "api_key", "KEY-abc", (char *)NULL),
        job_parts_credentials(items[1], "password", "p\xc3\xa4ss/w", "of_a_new_provider", "p\xe4ss",
                              (char *)NULL),
    };
    const struct scrub_secrets secrets = {
        .credentials = credentials, .count = 2, .token = SLICE_LITERAL("bearer-of-a-login")};
    static const struct {
        const char *text, *want;
    } examples[] = {
        {"unknown key KEY-abc", "unknown key ‹secret›"},
        {"unknown key key-ABC", "unknown key ‹secret›"},
        {"{\\\"password\\\":\\\"p\\u00e4ss\\/w\\\"}", "{\"password\":\"‹secret›\"}"},
        {"p%C3%A4ss%2Fw", "‹secret›"},
        {"it was p\xe4ss!", "it was ‹secret›!"},
        {"Bearer bearer-of-a-login", "Bearer ‹secret›"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char out[OUTCOME_MESSAGE_SIZE];
        scrub_text(slice_from(examples[i].text), NULL, &secrets, out, sizeof out);
        assert_string_equal(out, examples[i].want);
        assert_false(scrub_is_clean(slice_from(examples[i].text), NULL, &secrets));
    }
}

static void an_id_of_a_request_is_clean_or_not(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill_all(&sample);
    assert_true(scrub_is_clean(slice_from("0b6c0c1e-5cd0-4a5f-9d5e-012345678901"), &sample.record, NULL));
    assert_true(scrub_is_clean(slice_from("Root=1-67891233-ABCDefgh0123456789"), &sample.record, NULL));
    assert_true(scrub_is_clean(slice_make("", 0), NULL, NULL));
    assert_false(scrub_is_clean(slice_from("req-ALEX-1"), &sample.record, NULL));
    assert_false(scrub_is_clean(slice_from("kim@example.com"), NULL, NULL));
}

static void values_that_failed_are_not_looked_for(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    sample.values[FIELD_FIRST_NAME].state = sample.values[FIELD_EMAIL].state = VALUE_FAILED;
    char out[OUTCOME_MESSAGE_SIZE];
    scrub_text(slice_from("Alex Morgan"), &sample.record, NULL, out, sizeof out);
    assert_string_equal(out, "Alex ‹last_name›");
}

static void without_a_record_addresses_and_numbers_still_go(void **state)
{
    (void)state;
    char out[OUTCOME_MESSAGE_SIZE];
    struct record broken = {.fault = "malformed"};
    scrub_text(slice_from("Alex kim@example.com 123456"), NULL, NULL, out, sizeof out);
    assert_string_equal(out, "Alex ‹email› ‹number›");
    scrub_text(slice_from("Alex kim@example.com 123456"), &broken, NULL, out, sizeof out);
    assert_string_equal(out, "Alex ‹email› ‹number›");
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    for (size_t lead = 0; lead < 8; lead++) {
        char text[1000] = "";
        memset(text, 'x', lead);
        for (size_t i = 0; i < 100; i++)
            memcpy(text + lead + 9 * i, "€ Alex ", strlen("€ Alex ") + 1);
        char out[OUTCOME_QUOTE_SIZE];
        size_t len = scrub_text(slice_from(text), &sample.record, NULL, out, sizeof out);
        assert_true(len <= 200 && len > 200 - 20);
        assert_true(utf8_is_valid(slice_make(out, len)));
        assert_null(strstr(out, "Alex"));
    }
    char tiny[1];
    assert_int_equal(scrub_text(slice_from("abc"), &sample.record, NULL, tiny, sizeof tiny), 0);
}

static void a_phrase_about_somebody_unknown_is_not_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } examples[] = {
        {"", ""},
        {"internal_error", "internal_error"},
        {"missing; address.city; documents[0]", "missing; address.city; documents[0]"},
        {"blurry; Marco must call; expired", "blurry; ‹text›; expired"},
        {"{\"first_name\":\"Marco\"}", "‹text›"},
        {"Marco", "Marco"}, /* cannot be told from a code */
    };
    struct value values[FIELD_COUNT] = {{.state = VALUE_ABSENT}};
    const struct record nameless = {.values = values};
    char out[OUTCOME_QUOTE_SIZE];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        scrub_quote(slice_from(examples[i].text), NULL, NULL, out, sizeof out);
        assert_string_equal(out, examples[i].want);
        scrub_quote(slice_from(examples[i].text), &nameless, NULL, out, sizeof out);
        assert_string_equal(out, examples[i].want);
    }
    values[FIELD_LAST_NAME] = (struct value){.text = slice_from("Marco"), .state = VALUE_PRESENT};
    scrub_quote(slice_from("Marco must call"), &nameless, NULL, out, sizeof out);
    assert_string_equal(out, "‹last_name› must call");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_provider_quotes_is_replaced_by_its_field),
        cmocka_unit_test(no_secret_is_quoted),
        cmocka_unit_test(an_id_of_a_request_is_clean_or_not),
        cmocka_unit_test(values_that_failed_are_not_looked_for),
        cmocka_unit_test(without_a_record_addresses_and_numbers_still_go),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(a_phrase_about_somebody_unknown_is_not_quoted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("scrub", tests, NULL, NULL);
}
