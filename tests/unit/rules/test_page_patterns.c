/* The patterns of the providers' pages: what the rules accept matches them, at their ends too. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/page.h"
#include "unit/rules/fixture.h"

/* A pattern of a page, with `\d` as POSIX writes it. */
static void compile(struct page *page, const char *list, regex_t *regex)
{
    const char *pattern = page_word(page, list);
    char text[128] = "";
    size_t len = 0;
    for (size_t i = 0; pattern[i]; i++) {
        bool is_digit = pattern[i] == '\\' && pattern[i + 1] == 'd';
        char one[] = {pattern[i], '\0'};
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", is_digit ? "[0-9]" : one);
        assert_in_range(len, 1, sizeof text - 1);
        i += is_digit;
    }
    assert_int_equal(regcomp(regex, text, REG_EXTENDED | REG_NOSUB), 0);
}

/* A value of the field, and whether the page's pattern has it. */
struct example {
    enum field_id field;
    const char *text;
    bool is_good;
};

static void check(const char *file, const char *list, const struct example *examples, size_t count)
{
    struct page *page = page_open(file);
    regex_t regex;
    compile(page, list, &regex);
    for (size_t i = 0; i < count; i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, examples[i].field, examples[i].text);
        fixture_validate(fixture);
        const struct value *value = &fixture->record.values[examples[i].field];
        bool is_good = value->state == VALUE_PRESENT;
        if (is_good != examples[i].is_good)
            fail_msg("%s: `%s` is %s", file, examples[i].text, is_good ? "accepted" : "rejected");
        /* What is rejected here is outside of the pattern too, or outside of the calendar or number plan. */
        char text[64] = "";
        memcpy(text, value->text.data ? value->text.data : "", is_good ? value->text.len : 0);
        if (is_good && regexec(&regex, text, 0, NULL, 0) != 0)
            fail_msg("%s: `%s` is accepted as %s, which %s does not match", file, examples[i].text, text,
                     list);
        fixture_free(fixture);
    }
    regfree(&regex);
    free(page);
}

static void a_phone_number_is_of_the_form_of_the_pages(void **state)
{
    (void)state;
    static const char *const files[] = {"payward-create.txt", "payward-update.txt", "embed-create.txt"};
    static const struct example examples[] = {
        {FIELD_PHONE, "+14155550110", true},      {FIELD_PHONE, "+1 (415) 555-0110", true},
        {FIELD_PHONE, "tel:+442079460123", true}, {FIELD_PHONE, "+4930123456789012", false},
        {FIELD_PHONE, "+0123456789", false},      {FIELD_PHONE, "+1415555011a", false},
    };
    for (size_t i = 0; i < COUNT(files); i++)
        check(files[i], "phone pattern", examples, COUNT(examples));
}

static void a_date_of_birth_is_of_the_form_of_the_page(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {FIELD_DATE_OF_BIRTH, "1990-05-15", true},          {FIELD_DATE_OF_BIRTH, "19900515", true},
        {FIELD_DATE_OF_BIRTH, "1990-05-15T00:00:00", true}, {FIELD_DATE_OF_BIRTH, "1990-5-15", false},
        {FIELD_DATE_OF_BIRTH, "1990-02-30", false},
    };
    check("kira-create.txt", "birth_date pattern", examples, COUNT(examples));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_number_is_of_the_form_of_the_pages),
        cmocka_unit_test(a_date_of_birth_is_of_the_form_of_the_page),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("page_patterns", tests, NULL, NULL);
}
