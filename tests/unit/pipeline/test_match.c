#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "ledger/ledger.h"
#include "pipeline/look_up.h"
#include "pipeline/match.h"

enum { MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

static const struct provider *payso(void)
{
    return provider_find("payso");
}

static size_t member_of(enum field_id field)
{
    return provider_fields_find(payso()->fields, field)->member;
}

static void set(uint8_t *members, enum field_id field, int byte)
{
    memset(members + member_of(field) * MEMBER_LEN, byte, MEMBER_LEN);
}

static void a_user_is_ours_when_every_compared_member_agrees(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum field_id field; /* that differs; FIELD_NONE: none */
        int journalled, user;
        enum match want;
    } rows[] = {
        {"all agree", FIELD_NONE, 0, 0, MATCH_ALL},
        {"another e-mail", FIELD_EMAIL, 1, 2, MATCH_OTHER},
        {"another first name", FIELD_FIRST_NAME, 1, 2, MATCH_EMAIL},
        {"another last name", FIELD_LAST_NAME, 1, 2, MATCH_EMAIL},
        {"another birth date", FIELD_DATE_OF_BIRTH, 1, 2, MATCH_EMAIL},
        {"a company's name", FIELD_COMPANY_NAME, 0, 2, MATCH_EMAIL},
        {"no birth date is told", FIELD_DATE_OF_BIRTH, 1, 0, MATCH_EMAIL},
        {"another street is not compared", FIELD_ADDRESS_LINE1, 1, 2, MATCH_ALL},
        {"a name that was overtaken", FIELD_LAST_NAME, LEDGER_MEMBER_UNKNOWN, 2, MATCH_ALL},
        {"an e-mail that was overtaken", FIELD_EMAIL, LEDGER_MEMBER_UNKNOWN, 2, MATCH_OTHER},
    };
    size_t len = payso()->fields->member_count * MEMBER_LEN;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t journalled[PROVIDER_MEMBERS_MAX * MEMBER_LEN], user[PROVIDER_MEMBERS_MAX * MEMBER_LEN];
        memset(journalled, 1, sizeof journalled);
        memset(user, 1, sizeof user);
        if (rows[i].field != FIELD_NONE) {
            set(journalled, rows[i].field, rows[i].journalled);
            set(user, rows[i].field, rows[i].user);
        }
        if (match_user(payso()->fields, slice_make((const char *)journalled, len), user) != rows[i].want)
            fail_msg("%s", rows[i].sentence);
    }
    uint8_t user[PROVIDER_MEMBERS_MAX * MEMBER_LEN] = {0};
    assert_int_equal(match_user(payso()->fields, slice_make("", 0), user), MATCH_OTHER);
}

static void what_was_found_settles_it_or_a_person_does(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct match_counts counts;
        enum settled want;
        const char *code;
    } rows[] = {
        {"one that agrees", {1, 0, true, true}, SETTLED_OURS, NULL},
        {"one that agrees, in a list with holes", {1, 0, false, true}, SETTLED_OURS, NULL},
        {"one that agrees, and his family", {1, 3, true, true}, SETTLED_OURS, NULL},
        {"two that agree", {2, 0, true, true}, SETTLED_UNCLEAR, "several_users"},
        {"the e-mail alone", {0, 1, true, true}, SETTLED_UNCLEAR, "email_alone"},
        {"nobody", {0, 0, true, true}, SETTLED_ABSENT, NULL},
        {"nobody, in a list with holes", {0, 0, false, true}, SETTLED_UNCLEAR, "listing_incomplete"},
        {"he exists, and agrees", {1, 0, true, false}, SETTLED_OURS, NULL},
        {"he exists, and two agree", {2, 0, true, false}, SETTLED_REFUSED, NULL},
        {"he exists, the e-mail alone", {0, 1, true, false}, SETTLED_REFUSED, NULL},
        {"he exists, and is not there", {0, 0, true, false}, SETTLED_REFUSED, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (match_settle(&rows[i].counts) != rows[i].want)
            fail_msg("%s", rows[i].sentence);
        if (rows[i].code)
            assert_string_equal(match_unclear_code(&rows[i].counts), rows[i].code);
    }
}

static void a_look_up_settles_by_our_key(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct look_up_counts counts;
        enum settled want;
        const char *code;
    } rows[] = {
        {"nobody, or others alone", {0, 0, 0, false}, SETTLED_ABSENT, ""},
        {"ours", {1, 0, 0, false}, SETTLED_OURS, ""},
        {"ours beside one without a key", {1, 0, 1, false}, SETTLED_OURS, ""},
        {"two of ours", {2, 0, 0, false}, SETTLED_UNCLEAR, "several_users"},
        {"our key, other data", {0, 1, 0, false}, SETTLED_UNCLEAR, "user_differs"},
        {"our key twice, once with other data", {1, 1, 0, false}, SETTLED_UNCLEAR, "user_differs"},
        {"one without a key", {0, 0, 1, false}, SETTLED_UNCLEAR, "user_unnamed"},
        {"too many to look at", {0, 0, 0, true}, SETTLED_UNCLEAR, "several_users"},
        {"ours among too many", {1, 0, 0, true}, SETTLED_UNCLEAR, "several_users"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *code;
        if (look_up_decide(&rows[i].counts, &code) != rows[i].want || strcmp(code, rows[i].code) != 0)
            fail_msg("%s: %s", rows[i].sentence, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_ours_when_every_compared_member_agrees),
        cmocka_unit_test(what_was_found_settles_it_or_a_person_does),
        cmocka_unit_test(a_look_up_settles_by_our_key),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
