#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/outcome.h"
#include "provider/provider_table.h"
#include "provider/scrub.h"
#include "unit/provider/records.h"

struct given {
    enum field_id field;
    const char *text;
};

struct example {
    const char *sentence;
    struct given record[4];
    const char *message, *want;
};

#define NAME(first, last)                                                                                    \
    {                                                                                                        \
        {FIELD_FIRST_NAME, first},                                                                           \
        {                                                                                                    \
            FIELD_LAST_NAME, last                                                                            \
        }                                                                                                    \
    }
#define ONE(field, text)                                                                                     \
    {                                                                                                        \
        {                                                                                                    \
            field, text                                                                                      \
        }                                                                                                    \
    }
#define BORN  ONE(FIELD_DATE_OF_BIRTH, "1960-04-28")
#define ZIP   ONE(FIELD_POSTAL_CODE, "SW17 7EG")
#define PHONE ONE(FIELD_PHONE, "+14155550110")

static void check(const struct example *examples, size_t count, const struct scrub_secrets *secrets)
{
    for (size_t i = 0; i < count; i++) {
        struct sample sample = {.record = {.row = 1}};
        char out[1024];
        sample.record.values = sample.values;
        for (size_t k = 0; k < 4 && examples[i].record[k].text; k++)
            sample_set(&sample, examples[i].record[k].field, examples[i].record[k].text);
        scrub_text(slice_from(examples[i].message), &sample.record, secrets, out, sizeof out);
        if (strcmp(out, examples[i].want) != 0)
            fail_msg("%s: `%s` becomes `%s`, not `%s`", examples[i].sentence, examples[i].message, out,
                     examples[i].want);
    }
}

static void each_spelling_of_a_value_is_found(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"a birth date in words", BORN, "born 28 April 1960.", "born ‹date_of_birth›."},
        {"the day behind the month", BORN, "April 28th is no", "‹date_of_birth› is no"},
        {"with a comma", BORN, "on April 28, 1960 in", "on ‹date_of_birth› in"},
        {"with of and the", BORN, "the 28th of April, 1960", "the ‹date_of_birth›"},
        {"shortened", BORN, "28-Apr-60 28APR1960 apr. 28", "‹date_of_birth› ‹date_of_birth› ‹date_of_birth›"},
        {"the year first", BORN, "1960 April 28", "‹date_of_birth›"},
        {"month and year", BORN, "in April 1960", "in ‹date_of_birth›"},
        {"another language", BORN, "28. april 1960, 28 avril, 28 de abril de 1960, 28 Aprile",
         "‹date_of_birth›, ‹date_of_birth›, ‹date_of_birth›, ‹date_of_birth›"},
        {"in March, with its umlaut", ONE(FIELD_DATE_OF_BIRTH, "1960-03-01"),
         "geboren am 1. M\xc3\xa4rz 1960", "geboren am ‹date_of_birth›"},
        {"in numbers, without noughts", BORN, "28/4/1960, 4/28/60, 28.4.60",
         "‹date_of_birth›, ‹date_of_birth›, ‹date_of_birth›"},
        {"as one number", BORN, "19600428, then 280460", "‹date_of_birth›, then ‹date_of_birth›"},
        {"with a time", BORN, "1960-04-28T00:00:00Z", "‹date_of_birth›T00:00:00Z"},
        {"in Chinese", BORN, "1960年4月28日", "‹date_of_birth›日"},
        {"another date stays in words", BORN, "valid until 28 May 2026, 27 April",
         "valid until 28 May 2026, 27 April"},
        {"a month alone stays", BORN, "April or 28", "April or 28"},
        {"a post code without its blank", ZIP, "SW177EG is", "‹postal_code› is"},
        {"in small letters, with a hyphen", ZIP, "sw17-7eg is", "‹postal_code› is"},
        {"whose value has no blank", ONE(FIELD_POSTAL_CODE, "SW177EG"), "SW17 7EG", "‹postal_code›"},
        {"another post code", ZIP, "SW17 8EG", "SW17 8EG"},
        {"one word of a name", NAME("Maria Elena", "de la Cruz"), "Elena and CRUZ exist, de la",
         "‹first_name› and ‹last_name› exist, de la"},
        {"a name with a hyphen", NAME("Anne-Marie", "Lee"), "annemarie, Anne Marie, Marie",
         "‹first_name›, ‹first_name›, ‹first_name›"},
        {"a name with an apostrophe", NAME("Shea", "O'Neill"), "oneill O\xe2\x80\x99Neill",
         "‹last_name› ‹last_name›"},
        {"names written together", NAME("Alex", "Morgan"), "alexmorgan AlexMorgan morganalex alex_morgan1990",
         "‹last_name› ‹last_name› ‹last_name› ‹last_name›1990"},
        {"a name in a user's name", NAME("Alex", "Morgan"), "userAlex IDMorgan",
         "user‹first_name› ID‹last_name›"},
        {"a long value in a longer word", ONE(FIELD_CITY, "San Francisco"), "inSanFranciscoemail",
         "in‹city›email"},
        {"a number in a longer one", PHONE, "0014155550110", "‹number›"},
        {"a company by its own word", ONE(FIELD_COMPANY_NAME, "Globex Trading GmbH"),
         "globex is a trading gmbh", "‹company_name› is a trading gmbh"},
        {"a street without its number", ONE(FIELD_ADDRESS_LINE1, "2 Bellevue Road"),
         "Bellevue Rd, bellevue road", "Bellevue Rd, ‹address_line1›"},
        {"an address with other punctuation", ONE(FIELD_ADDRESS_LINE1, "1 Market St"), "1, Market-St",
         "‹address_line1›"},
        {"the local part of an e-mail", ONE(FIELD_EMAIL, "a.morgan@example.com"),
         "amorgan and a.morgan of example.com", "‹email› and ‹email› of example.com"},
        {"the last four digits", PHONE, "ending in 0110, ****0110, xxxx-0110",
         "ending in ‹phone›, ****‹phone›, xxxx-‹phone›"},
        {"other four digits", PHONE, "ending in 0111, 4155", "ending in 0111, 4155"},
        {"a number without its country", PHONE, "(415) 555-0110, 555-0110", "(‹phone›, ‹phone›"},
        {"with its plus", PHONE, "+1 415 555 0110", "‹phone›"},
        {"in full-width digits", PHONE,
         "\xef\xbc\x94\xef\xbc\x91\xef\xbc\x95\xef\xbc\x95\xef\xbc\x95\xef\xbc\x95\xef\xbc\x90\xef\xbc\x91"
         "\xef\xbc\x91\xef\xbc\x90",
         "‹phone›"},
        {"in Arabic digits", PHONE,
         "\xd9\xa4\xd9\xa1\xd9\xa5\xd9\xa5\xd9\xa5\xd9\xa5\xd9\xa0\xd9\xa1\xd9\xa1\xd9\xa0", "‹phone›"},
        {"the end of an id with a letter", ONE(FIELD_DOCUMENT_NUMBER, "X1234567L"), "…567L",
         "…‹document_number›"},
        {"a national id in groups", ONE(FIELD_NATIONAL_ID, "900700001"), "900-70-0001, last 4: 0001",
         "‹national_id›, last 4: ‹national_id›"},
        {"a CONCAT identifier", NAME("Alex", "Morgan"), "US19900415ALEX#MORGA", "US‹client_identifier›"},
        {"a name of two letters of Han", NAME("\xe4\xbc\x9f", "\xe7\x8e\x8b\xe4\xbc\x9f"), "用户王伟已存在",
         "用户‹last_name›已存在"},
    };
    check(examples, sizeof examples / sizeof *examples, NULL);
}

static void other_words_stay_whole(void **state)
{
    (void)state;
    const struct scrub_secrets secrets = {.fields = provider_find("payward")->fields};
    static const struct example examples[] = {
        {"a word of the provider's list", ONE(FIELD_OCCUPATION, "other"),
         "another user has this e-mail; ask the other team",
         "another user has this e-mail; ask the other team"},
        {"a short name in longer words", NAME("Ann", "Lee"), "cannot use annual sleep",
         "cannot use annual sleep"},
        {"a city in a longer word", ONE(FIELD_CITY, "London"), "Londonderry is not London",
         "Londonderry is not ‹city›"},
        {"a city in its people", ONE(FIELD_CITY, "New York"), "New Yorkers", "New Yorkers"},
        {"a name apart in other words", NAME("Ian", "Theo"), "I, an agent; the others",
         "I, an agent; the others"},
        {"a country and a language", {{FIELD_COUNTRY, "US"}, {FIELD_LANGUAGE, "eng"}}, "US eng", "US eng"},
        {"yes and no", ONE(FIELD_PEP_STATUS, "true"), "must be true", "must be true"},
    };
    check(examples, sizeof examples / sizeof *examples, &secrets);
    const struct scrub_secrets kira = {.fields = provider_find("kira")->fields};
    static const struct example free[] = {
        {"an occupation in words of one's own", ONE(FIELD_OCCUPATION, "Software Engineer"),
         "software engineer is no", "‹occupation› is no"},
        {"a list of what may be", PHONE, "one of 50000_to_199999, 200000_to_999999, 1000000_or_more",
         "one of 50000_to_199999, 200000_to_999999, 1000000_or_more"},
        {"a status that is listed", ONE(FIELD_EMPLOYMENT_STATUS, "employed"), "unemployed or employed",
         "unemployed or employed"},
    };
    check(free, sizeof free / sizeof *free, &kira);
}

/* What providers say, of their pages and of APIs like theirs: nobody's data is in it. */
static const char *const ordinary[] = {
    "email is required",
    "Required string length: 2",
    "Required string length: 14 - 42",
    "Maximum string length: 70",
    "Minimum string length: 1",
    "Phone number in E.164 format",
    "Pattern: ^\\+?[1-9]\\d{1,14}$",
    "must match ^\\d{4}-\\d{2}-\\d{2}$",
    "An ISO 3166-1 alpha-2 country code",
    "Stable partner-supplied reference for this user. Must be unique within your partner account.",
    "Reuse the same value only for the same user, including create retries.",
    "The user's legally recognised first name, as shown on their identity document.",
    "Required if beneficiary_type is individual.",
    "Users cannot be created from the following countries: [AF BY BA BI CF CU KP CD ET GT GN]",
    "The residential address must be in ISO 3166-1 alpha-2 format (e.g. 'GB' for the United Kingdom).",
    "If the entity is based in the US, the state must be formatted to two letters e.g. 'CA' for California",
    "A short description of how the business is funded. For example: 'Venture Capital' or 'Token Sale'.",
    "occupation: must be one of agriculture, business_management, computers_and_it, construction, other",
    "verification_status: unverified, started, in_review, verified, rejected, needs_action",
    "Access token from POST /auth (the data.access_token value).",
    "EAPI:Invalid nonce",
    "EAPI:Invalid key",
    "EGeneral:User already exists",
    "EGeneral:Permission denied",
    "EService:Unavailable; try again in 30 seconds",
    "another user has this e-mail",
    "email_taken: a user with this email already exists in your account",
    "identifying_information[0].expiration must be in the future",
    "date_of_birth: the customer must be at least 18 years old",
    "The target version of the Embed API to use, e.g. of April 15, 2025",
    "Too Many Requests: limit of 10 requests per second exceeded",
    "Idempotency-Key was used with another body",
    "no kyc_id for the documents; front and back are required",
    "HTTP 502 Bad Gateway nginx/1.18.0 (Ubuntu)",
    "Internal server error, request 0b6c0c1e-5cd0-4a5f-9d5e-abcdef012a3a",
    "unexpected token < in JSON at position 0",
    "address_zip_code does not belong to address_state",
    "has_us_bank_account must be 'yes' or 'no'",
};

static const struct given people[][14] = {
    {{FIELD_FIRST_NAME, "Marco"},
     {FIELD_LAST_NAME, "Pierre White"},
     {FIELD_EMAIL, "marco@cheq.xyz"},
     {FIELD_DATE_OF_BIRTH, "1985-12-12"},
     {FIELD_ADDRESS_LINE1, "2 Bellevue Road"},
     {FIELD_ADDRESS_LINE2, "Wandsworth Common"},
     {FIELD_CITY, "London"},
     {FIELD_POSTAL_CODE, "SW17 7EG"},
     {FIELD_PHONE, "+447515772386"},
     {FIELD_NATIONAL_ID, "900700001"},
     {FIELD_EMPLOYER_NAME, "Cheq Limited"},
     {FIELD_DOCUMENT_NUMBER, "X1234567L"},
     {FIELD_EXTERNAL_ID, "cust-000017"},
     {FIELD_STATE, "London"}},
    {{FIELD_FIRST_NAME, "María José"},
     {FIELD_LAST_NAME, "González de la Vega"},
     {FIELD_EMAIL, "maria.gonzalez+kyc@example.com"},
     {FIELD_DATE_OF_BIRTH, "1990-05-15"},
     {FIELD_ADDRESS_LINE1, "Av. Reforma 123"},
     {FIELD_CITY, "Ciudad de México"},
     {FIELD_POSTAL_CODE, "06600"},
     {FIELD_PHONE, "+525512345678"},
     {FIELD_DOCUMENT_NUMBER, "G12345678"},
     {FIELD_COUNTRY, "MX"},
     {FIELD_EMPLOYER_NAME, "Self"},
     {FIELD_OCCUPATION, "Software Engineer"},
     {FIELD_EXTERNAL_ID, "900412"},
     {FIELD_STATE, "CDMX"}},
    {{FIELD_FIRST_NAME, "Ann"},
     {FIELD_LAST_NAME, "Lee"},
     {FIELD_EMAIL, "ann1@example.com"},
     {FIELD_DATE_OF_BIRTH, "1980-02-03"},
     {FIELD_ADDRESS_LINE1, "1 Market St"},
     {FIELD_CITY, "Oakland"},
     {FIELD_POSTAL_CODE, "94607"},
     {FIELD_PHONE, "+14155550110"},
     {FIELD_OCCUPATION, "other"},
     {FIELD_COUNTRY, "US"},
     {FIELD_EMPLOYER_NAME, "National Bank of Oakland"},
     {FIELD_TAX_ID, "900-70-0001"},
     {FIELD_EXTERNAL_ID, "c-17"},
     {FIELD_STATE, "CA"}},
};
enum { PEOPLE = sizeof people / sizeof *people, VALUES = 14 };

static void fill(struct sample *sample, size_t person)
{
    memset(sample, 0, sizeof *sample);
    sample->record.values = sample->values;
    for (size_t i = 0; i < VALUES; i++)
        sample_set(sample, people[person][i].field, people[person][i].text);
}

static void ordinary_messages_stay_as_they_are(void **state)
{
    (void)state;
    static const char *const providers[] = {"payward", "kraken-embed", "kira", "payso"};
    for (size_t person = 0; person < PEOPLE; person++)
        for (size_t provider = 0; provider < 4; provider++)
            for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
                struct sample sample;
                const struct scrub_secrets secrets = {.fields = provider_find(providers[provider])->fields};
                char out[1024];
                fill(&sample, person);
                /* At the others an occupation is one of a list. */
                if (person == 2 && provider >= 2)
                    sample.values[FIELD_OCCUPATION].state = VALUE_ABSENT;
                scrub_text(slice_from(ordinary[i]), &sample.record, &secrets, out, sizeof out);
                if (strcmp(out, ordinary[i]) != 0)
                    fail_msg("person %zu: `%s` becomes `%s`", person, ordinary[i], out);
            }
}

/* Property: no value passes in any of its spellings. */

enum { SPELLINGS = 10, SPELLING_SIZE = 1024 };

static void put(char *out, const char *text, const char *tail)
{
    int len = snprintf(out, SPELLING_SIZE, "%s%s", text, tail);
    assert_true(len >= 0 && len < SPELLING_SIZE);
}

static void percent(const char *text, char *out)
{
    for (; *text; text++)
        out += sprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static void apart(const char *text, const char *sign, char *out)
{
    *out = '\0';
    for (const char *cursor = text; *cursor; cursor++) {
        strncat(out, cursor, 1);
        if ((cursor[1] & 0xc0) != 0x80 && cursor[1] != '\0')
            strncat(out, sign, 4);
    }
}

/* Without blanks and ASCII punctuation. */
static void bare(const char *text, char *out)
{
    for (; *text; text++)
        if ((*text & 0x80) || (*text >= '0' && *text <= '9') ||
            ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z'))
            *out++ = *text;
    *out = '\0';
}

static void spell(const char *text, size_t spelling, char *out)
{
    struct arena arena;
    struct slice upper;
    char *last;
    switch (spelling) {
    case 0:
        put(out, text, "");
        break;
    case 1:
        arena_init(&arena, 4096);
        upper = text_upper(slice_from(text), &arena);
        snprintf(out, SPELLING_SIZE, "%.*s", (int)upper.len, upper.data);
        arena_clear(&arena);
        break;
    case 2:
        arena_init(&arena, 4096);
        upper = text_fold_name(slice_from(text), &arena);
        snprintf(out, SPELLING_SIZE, "%.*s", (int)upper.len, upper.data);
        arena_clear(&arena);
        break;
    case 3:
        percent(text, out);
        break;
    case 4:
        apart(text, "\xe2\x80\x8b", out);
        break; /* zero-width spaces */
    case 5:
        bare(text, out);
        break;
    case 6: /* its last word */
        last = strrchr(text, ' ');
        put(out, last ? last + 1 : text, "");
        break;
    case 7: /* hyphens in place of blanks */
        put(out, text, "");
        for (char *cursor = out; *cursor; cursor++)
            *cursor = (char)(*cursor == ' ' ? '-' : *cursor);
        break;
    case 8:
        put(out, text, ",");
        break;
    default:
        put(out, "\"", text);
        break;
    }
}

static bool is_name(enum field_id field)
{
    return field == FIELD_FIRST_NAME || field == FIELD_LAST_NAME;
}

/* What remains of a message in which a value stood: nothing but the frame and marks. */
static bool is_frame(const char *out, const char *head, const char *tail)
{
    size_t len = strlen(out), head_len = strlen(head), tail_len = strlen(tail);
    if (len < head_len + tail_len || strncmp(out, head, head_len) != 0 ||
        strcmp(out + len - tail_len, tail) != 0)
        return false;
    bool in_mark = false, any = false;
    for (const char *cursor = out + head_len; cursor < out + len - tail_len; cursor++)
        if (strncmp(cursor, "‹", 3) == 0)
            in_mark = any = true, cursor += 2;
        else if (strncmp(cursor, "›", 3) == 0)
            in_mark = false, cursor += 2;
        else if (!in_mark && ((*cursor & 0x80) || (*cursor >= '0' && *cursor <= '9') ||
                              ((*cursor | 0x20) >= 'a' && (*cursor | 0x20) <= 'z')))
            return false;
    return any;
}

static void no_value_passes_in_any_spelling(void **state)
{
    (void)state;
    unsigned passed = 0;
    static const char *const frames[][2] = {{"", ""},
                                            {"user ", " exists"},
                                            {"(", ")"},
                                            {"value: ", "&next=1"},
                                            {"{\"field\":\"", "\"}"},
                                            {"the address: ", "."},
                                            {"x_", "_y"}};
    for (size_t person = 0; person < PEOPLE; person++)
        for (size_t i = 0; i < VALUES; i++)
            for (size_t spelling = 0; spelling < SPELLINGS; spelling++)
                for (size_t frame = 0; frame < sizeof frames / sizeof *frames; frame++) {
                    const struct given *given = &people[person][i];
                    if (given->field == FIELD_COUNTRY || strlen(given->text) < 3 ||
                        (spelling == 6 && !is_name(given->field)))
                        continue;
                    struct sample sample;
                    char spelt[SPELLING_SIZE], message[2 * SPELLING_SIZE], out[2 * SPELLING_SIZE];
                    fill(&sample, person);
                    spell(given->text, spelling, spelt);
                    snprintf(message, sizeof message, "%s%s%s", frames[frame][0], spelt, frames[frame][1]);
                    scrub_text(slice_from(message), &sample.record, NULL, out, sizeof out);
                    /* An e-mail or a token may take `x_` or `_y` along. */
                    bool is_hidden = is_frame(out, frames[frame][0], frames[frame][1]) ||
                                     is_frame(out, "", frames[frame][1]) || is_frame(out, "", "");
                    if (!is_hidden) {
                        print_error("%s, spelling %zu: `%s` becomes `%s`\n", field_name(given->field),
                                    spelling, message, out);
                        passed++;
                    }
                    if (frame == 0)
                        assert_false(scrub_is_clean(slice_from(message), &sample.record, NULL));
                }
    assert_int_equal(passed, 0);
}

static void digits_of_a_request_id_are_looked_at(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample, 2);
    static const char *const told[] = {"req-4155550110", "14155550110",  "req-0110",     "19800203-17",
                                       "900700001",      "1980-02-03T1", "trace:94607:1"};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (scrub_is_clean(slice_from(told[i]), &sample.record, NULL))
            fail_msg("`%s` is clean", told[i]);
    assert_true(scrub_is_clean(slice_from("0b6c0c1e-5cd0-4a5f-9d5e-012345678901"), &sample.record, NULL));
    assert_true(scrub_is_clean(slice_from("1-5759e988-bd862e3fe1be46a994272793"), &sample.record, NULL));
}

static void a_network_error_keeps_host_and_numbers(void **state)
{
    (void)state;
    static const struct scrub_secrets ip = {.host = SLICE_LITERAL("127.0.0.1")};
    static const struct example numbers[] = {
        {"an address", PHONE,
         "connect: Failed to connect to 127.0.0.1 port 39999 after 100023 ms: Couldn't connect to server",
         "connect: Failed to connect to 127.0.0.1 port 39999 after 100023 ms: Couldn't connect to server"},
        {"but a value of the record goes", PHONE, "tls: 4155550110 is no name of 127.0.0.1",
         "tls: ‹phone› is no name of 127.0.0.1"},
    };
    check(numbers, 2, &ip);
    static const struct scrub_secrets name = {.host = SLICE_LITERAL("api.services.payward.com")};
    static const struct example names[] = {
        {"a host that a value is a part of", NAME("Alex", "Payward"),
         "connect: Could not resolve host: api.services.payward.com",
         "connect: Could not resolve host: api.services.payward.com"},
        {"another host", NAME("Alex", "Payward"), "Could not resolve host: payward.example",
         "Could not resolve host: ‹last_name›.example"},
    };
    check(names, 2, &name);
    static const struct example provider[] = {
        {"in the provider's words an address is a number", PHONE, "from 127.0.0.1", "from ‹number›"}};
    check(provider, 1, NULL);
}

static void a_text_that_does_not_fit_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct sample sample;
    char out[64];
    fill(&sample, 2);
    scrub_text(slice_from("the given name Ann and the family name Lee are taken by another customer"),
               &sample.record, NULL, out, 40);
    assert_string_equal(out, "the given name ‹first_name› and…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_of_a_value_is_found),
        cmocka_unit_test(other_words_stay_whole),
        cmocka_unit_test(ordinary_messages_stay_as_they_are),
        cmocka_unit_test(no_value_passes_in_any_spelling),
        cmocka_unit_test(digits_of_a_request_id_are_looked_at),
        cmocka_unit_test(a_network_error_keeps_host_and_numbers),
        cmocka_unit_test(a_text_that_does_not_fit_ends_in_an_ellipsis),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("scrub_values", tests, NULL, NULL);
}
