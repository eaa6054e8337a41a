#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "dispatch/match.h"
#include "ledger/ledger.h"
#include "provider/provider_table.h"

enum { MEMBER_LEN = FINGERPRINT_MEMBER_LEN };

static const struct provider *payso(void)
{
    return provider_find("payso");
}

static size_t member_of(enum field_id field)
{
    return provider_fields_find(payso()->fields, field)->slot;
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
        enum field_id field; /* whose digests differ; FIELD_NONE: none */
        int journalled, user;
        int journalled_email, user_email; /* in lower case */
        enum match_grade want;
    } rows[] = {
        {"all agree", FIELD_NONE, 0, 0, 1, 1, MATCH_ALL},
        {"another e-mail", FIELD_EMAIL, 1, 2, 1, 2, MATCH_OTHER},
        {"the e-mail but for case", FIELD_EMAIL, 1, 2, 1, 1, MATCH_FOLDED},
        {"no e-mail is given", FIELD_EMAIL, 1, 0, 1, 0, MATCH_PART},
        {"another first name", FIELD_FIRST_NAME, 1, 2, 1, 1, MATCH_EMAIL},
        {"another last name", FIELD_LAST_NAME, 1, 2, 1, 1, MATCH_EMAIL},
        {"another birth date", FIELD_DATE_OF_BIRTH, 1, 2, 1, 1, MATCH_EMAIL},
        {"a company's name", FIELD_COMPANY_NAME, 0, 2, 1, 1, MATCH_EMAIL},
        {"no birth date is given", FIELD_DATE_OF_BIRTH, 1, 0, 1, 1, MATCH_PART},
        {"another street is not compared", FIELD_ADDRESS_LINE1, 1, 2, 1, 1, MATCH_ALL},
        {"a name that was overtaken", FIELD_LAST_NAME, LEDGER_MEMBER_UNKNOWN, 2, 1, 1, MATCH_ALL},
        {"an e-mail that was overtaken", FIELD_EMAIL, LEDGER_MEMBER_UNKNOWN, 2, 1, 2, MATCH_OTHER},
    };
    size_t len = payso()->fields->slot_count * MEMBER_LEN;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t journalled[PROVIDER_MEMBERS_MAX * MEMBER_LEN], user[PROVIDER_MEMBERS_MAX * MEMBER_LEN];
        char our_email[MEMBER_LEN], their_email[MEMBER_LEN];
        memset(journalled, 1, sizeof journalled);
        memset(user, 1, sizeof user);
        memset(our_email, rows[i].journalled_email, sizeof our_email);
        memset(their_email, rows[i].user_email, sizeof their_email);
        if (rows[i].field != FIELD_NONE) {
            set(journalled, rows[i].field, rows[i].journalled);
            set(user, rows[i].field, rows[i].user);
        }
        const struct match_digests ours = {slice_make((const char *)journalled, len),
                                           slice_make(our_email, sizeof our_email)},
                                   theirs = {slice_make((const char *)user, len),
                                             slice_make(their_email, sizeof their_email)};
        if (match_user(payso()->fields, &ours, &theirs) != rows[i].want)
            fail_msg("%s", rows[i].sentence);
    }
}

/* Without an e-mail that is given, what else differs makes it somebody else's; without anything it may be
 * anybody's. */
static void a_user_that_is_not_given_whole_may_be_anybodys(void **state)
{
    (void)state;
    size_t len = payso()->fields->slot_count * MEMBER_LEN;
    uint8_t journalled[PROVIDER_MEMBERS_MAX * MEMBER_LEN], user[PROVIDER_MEMBERS_MAX * MEMBER_LEN] = {0};
    char email[MEMBER_LEN] = {1}, none[MEMBER_LEN] = {0};
    const struct match_digests ours = {slice_make((const char *)journalled, len),
                                       slice_make(email, sizeof email)},
                               theirs = {slice_make((const char *)user, len), slice_make(none, sizeof none)},
                               nothing = {slice_make("", 0), slice_make("", 0)};

    memset(journalled, 1, sizeof journalled);
    assert_int_equal(match_user(payso()->fields, &ours, &theirs), MATCH_PART);
    set(user, FIELD_LAST_NAME, 2);
    assert_int_equal(match_user(payso()->fields, &ours, &theirs), MATCH_OTHER);
    set(user, FIELD_EMAIL, 1);
    assert_int_equal(match_user(payso()->fields, &nothing, &theirs), MATCH_OTHER);
}

/* A member that is shown must agree; what the record lacks is compared only where it identifies a person. */
static void every_member_that_is_shown_is_compared(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum field_id field;
        int record, user;
        bool is_shown, is_unreadable, differs, is_not_shown;
    } rows[] = {
        {"the same phone", FIELD_PHONE, 1, 1, true, false, false, false},
        {"another phone", FIELD_PHONE, 1, 2, true, false, true, false},
        {"a phone that is not shown", FIELD_PHONE, 1, 0, false, false, false, true},
        {"a phone that cannot be read", FIELD_PHONE, 1, 0, true, true, true, false},
        {"a phone that the record lacks", FIELD_PHONE, 0, 2, true, false, false, false},
        {"neither has a phone", FIELD_PHONE, 0, 0, false, false, false, false},
        {"another last name", FIELD_LAST_NAME, 1, 2, true, false, true, false},
        {"a company's name that the record lacks", FIELD_COMPANY_NAME, 0, 2, true, false, true, false},
        {"the e-mail but for case", FIELD_EMAIL, 1, 2, true, false, false, false},
    };
    size_t len = payso()->fields->slot_count * MEMBER_LEN;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t record[PROVIDER_MEMBERS_MAX * MEMBER_LEN], user[PROVIDER_MEMBERS_MAX * MEMBER_LEN];
        uint64_t bit = UINT64_C(1) << member_of(rows[i].field);
        uint64_t all = (UINT64_C(1) << payso()->fields->slot_count) - 1;
        char email[MEMBER_LEN] = {1};
        struct match_members members;
        memset(record, 1, sizeof record);
        memset(user, 1, sizeof user);
        set(record, rows[i].field, rows[i].record);
        set(user, rows[i].field, rows[i].user);
        const struct match_digests ours = {slice_make((const char *)record, len),
                                           slice_make(email, sizeof email)},
                                   theirs = {slice_make((const char *)user, len),
                                             slice_make(email, sizeof email)};
        match_members(payso()->fields, &ours, &theirs, rows[i].is_shown ? all : all & ~bit,
                      rows[i].is_unreadable ? bit : 0, &members);
        if (members.differing != (rows[i].differs ? bit : 0) ||
            members.not_shown != (rows[i].is_not_shown ? bit : 0))
            fail_msg("%s", rows[i].sentence);
    }
}

static void the_users_found_resolve_it_or_a_person_does(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint32_t email, part, folded, all;
        bool certain, in_doubt;
        enum task_finding want;
        const char *code;
    } rows[] = {
        {"one that agrees", 0, 0, 0, 1, true, true, TASK_FOUND_OURS, NULL},
        {"one that agrees, in a list with holes", 0, 0, 0, 1, false, true, TASK_FOUND_OURS, NULL},
        {"one that agrees, and the family", 3, 0, 0, 1, true, true, TASK_FOUND_OURS, NULL},
        {"one that agrees but for case", 0, 0, 1, 0, true, true, TASK_FOUND_OURS, NULL},
        {"one that agrees, and one but for case", 0, 0, 1, 1, true, true, TASK_FOUND_OURS, NULL},
        {"two that agree", 0, 0, 0, 2, true, true, TASK_FOUND_UNCLEAR, "several_users"},
        {"two that agree but for case", 0, 0, 2, 0, true, true, TASK_FOUND_UNCLEAR, "several_users"},
        {"two that agree, and one but for case", 0, 0, 1, 2, true, true, TASK_FOUND_UNCLEAR, "several_users"},
        {"the e-mail alone", 1, 0, 0, 0, true, true, TASK_FOUND_UNCLEAR, "email_alone"},
        {"one that is not given whole", 0, 1, 0, 0, true, true, TASK_FOUND_UNCLEAR, "user_incomplete"},
        {"nobody", 0, 0, 0, 0, true, true, TASK_FOUND_NOBODY, NULL},
        {"nobody, in a list with holes", 0, 0, 0, 0, false, true, TASK_FOUND_UNCLEAR, "listing_incomplete"},
        {"it exists, and agrees", 0, 0, 0, 1, true, false, TASK_FOUND_OURS, NULL},
        {"it exists, and agrees but for case", 0, 0, 1, 0, true, false, TASK_FOUND_OURS, NULL},
        {"it exists, and two agree", 0, 0, 0, 2, true, false, TASK_FOUND_OTHER, NULL},
        {"it exists, the e-mail alone", 1, 0, 0, 0, true, false, TASK_FOUND_OTHER, NULL},
        {"it exists, and is not given whole", 0, 1, 0, 0, true, false, TASK_FOUND_OTHER, NULL},
        {"it exists, and is not there", 0, 0, 0, 0, true, false, TASK_FOUND_OTHER, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct match_counts stats = {.users = {[MATCH_EMAIL] = rows[i].email,
                                                     [MATCH_PART] = rows[i].part,
                                                     [MATCH_FOLDED] = rows[i].folded,
                                                     [MATCH_ALL] = rows[i].all},
                                           .certain = rows[i].certain,
                                           .in_doubt = rows[i].in_doubt};
        if (match_settle(&stats) != rows[i].want)
            fail_msg("%s", rows[i].sentence);
        if (rows[i].code)
            assert_string_equal(match_unclear_code(&stats), rows[i].code);
    }
}

/* A user that agrees with one customer and belongs to another: families share data, mixed up answers do not.
 */
static void two_customers_are_told_apart_by_what_is_compared(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum field_id field; /* whose digests differ; FIELD_NONE: none */
        int left, right;
        bool same;
    } rows[] = {
        {"all agree", FIELD_NONE, 0, 0, true},
        {"another e-mail", FIELD_EMAIL, 1, 2, false},
        {"another first name", FIELD_FIRST_NAME, 1, 2, false},
        {"another birth date", FIELD_DATE_OF_BIRTH, 1, 2, false},
        {"no birth date", FIELD_DATE_OF_BIRTH, 1, 0, false},
        {"another street is not compared", FIELD_ADDRESS_LINE1, 1, 2, true},
        {"a name that is not known", FIELD_LAST_NAME, LEDGER_MEMBER_UNKNOWN, 2, true},
    };
    const struct provider_fields *fields = payso()->fields;
    size_t len = fields->slot_count * MEMBER_LEN;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t left[PROVIDER_MEMBERS_MAX * MEMBER_LEN], right[PROVIDER_MEMBERS_MAX * MEMBER_LEN];
        memset(left, 1, sizeof left);
        memset(right, 1, sizeof right);
        if (rows[i].field != FIELD_NONE) {
            set(left, rows[i].field, rows[i].left);
            set(right, rows[i].field, rows[i].right);
        }
        const struct slice a = slice_make((const char *)left, len), b = slice_make((const char *)right, len);
        if (match_same(fields, a, b) != rows[i].same || match_same(fields, b, a) != rows[i].same)
            fail_msg("%s", rows[i].sentence);
        assert_true(match_same(fields, slice_make("", 0), b)); /* adopted: it has no digests */
    }
}

static void a_user_of_another_customer_is_no_proof_of_absence(void **state)
{
    (void)state;
    for (int in_doubt = 0; in_doubt < 2; in_doubt++) {
        const struct match_counts stats = {.taken = true, .certain = true, .in_doubt = in_doubt != 0};
        assert_int_equal(match_settle(&stats), TASK_FOUND_UNCLEAR);
        assert_string_equal(match_unclear_code(&stats), "user_id_taken");
    }
    const struct match_counts ours = {
        .taken = true, .users = {[MATCH_ALL] = 1}, .certain = true, .in_doubt = true};
    assert_int_equal(match_settle(&ours), TASK_FOUND_OURS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_ours_when_every_compared_member_agrees),
        cmocka_unit_test(a_user_that_is_not_given_whole_may_be_anybodys),
        cmocka_unit_test(every_member_that_is_shown_is_compared),
        cmocka_unit_test(the_users_found_resolve_it_or_a_person_does),
        cmocka_unit_test(two_customers_are_told_apart_by_what_is_compared),
        cmocka_unit_test(a_user_of_another_customer_is_no_proof_of_absence),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
