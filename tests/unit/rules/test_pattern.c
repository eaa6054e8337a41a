#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/pattern.h"

static enum pattern_result search(const char *pattern_text, const char *text)
{
    char message[PATTERN_MESSAGE_SIZE];
    struct pattern *pattern = pattern_new(pattern_text, message);
    if (!pattern)
        fail_msg("%s: %s", pattern_text, message);
    struct pattern_matcher *matcher = pattern_matcher_new(0);
    enum pattern_result result = pattern_search(pattern, matcher, slice_from(text));
    pattern_matcher_free(matcher);
    pattern_free(pattern);
    return result;
}

static void a_pattern_searches(void **state)
{
    (void)state;
    assert_int_equal(search("^\\d{5}(-\\d{4})?$", "12345-6789"), PATTERN_FOUND);
    assert_int_equal(search("^\\d{5}(-\\d{4})?$", "1234"), PATTERN_ABSENT);
    assert_int_equal(search("b", "abc"), PATTERN_FOUND);
    assert_int_equal(search("@(?!mailinator\\.com$)", "a@mailinator.com"), PATTERN_ABSENT);
    assert_int_equal(search("^$", ""), PATTERN_FOUND);
}

static void a_pattern_matches_characters_and_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(search("^.{3}$", "Zo\xc3\xab"), PATTERN_FOUND);
    assert_int_equal(search("(?i)\xc3\x9cnal", "\xc3\xbcnal"), PATTERN_FOUND);
    assert_int_equal(search("(*UCP)^\\w+$", "Zo\xc3\xab"), PATTERN_FOUND);
    assert_int_equal(search("^\\d$", "\xd9\xa3"), PATTERN_ABSENT);
}

static void a_runaway_pattern_is_expensive_and_over_soon(void **state)
{
    (void)state;
    assert_int_equal(search("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
                     PATTERN_EXPENSIVE);
}

static void a_pattern_that_backtracks_is_found_before_any_value(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        bool backtracks;
    } cases[] = {
        {"(a+)+$", true},
        {"^(\\w+\\s?)+$", true},
        {"^([a-z]+)*@", true},
        {"(x+x+)+y", true},
        {"^(a|aa)+$", true},
        {"(\xc3\xa9+)+$", true},
        {"^(\\d+)*;", true},
        {"^active$", false},
        {"^(active|trial|past_due)$", false},
        {"^[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+$", false},
        {"@(?!mailinator\\.com$)", false},
        {"^(\\d{1,3}\\.){3}\\d{1,3}$", false},
        {".*a.*b.*c", false},
        {"(?i)^test", false},
        {"^$", false},
        {"^\\d{4}-\\d\\d-\\d\\d([ T].*)?$", false},
        {"^([^,]*,){5}x", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[PATTERN_MESSAGE_SIZE];
        struct pattern *pattern = pattern_new(cases[i].pattern, message);
        assert_non_null(pattern);
        if (pattern_is_cheap(pattern, cases[i].pattern, message) == cases[i].backtracks)
            fail_msg("%s", cases[i].pattern);
        pattern_free(pattern);
    }
}

static void a_matcher_serves_again_after_a_runaway(void **state)
{
    (void)state;
    char message[PATTERN_MESSAGE_SIZE];
    struct pattern *pattern = pattern_new("^(a+)+$", message);
    struct pattern_matcher *matcher = pattern_matcher_new(0);
    assert_int_equal(pattern_search(pattern, matcher, slice_from("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")),
                     PATTERN_EXPENSIVE);
    assert_int_equal(pattern_search(pattern, matcher, slice_from("aaa")), PATTERN_FOUND);
    pattern_matcher_free(matcher);
    pattern_free(pattern);
}

static void a_pattern_that_cannot_be_used_has_a_reason(void **state)
{
    (void)state;
    static const char *const bad[] = {"(", "[a", "a{3,2}", "(*NO_JIT)abc", "\\C", "(?<n>a)(?<n>b)", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char message[PATTERN_MESSAGE_SIZE] = "";
        struct pattern *pattern = pattern_new(bad[i], message);
        if (pattern)
            fail_msg("%s was accepted", bad[i]);
        assert_true(strlen(message) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_searches),
        cmocka_unit_test(a_pattern_matches_characters_and_not_bytes),
        cmocka_unit_test(a_runaway_pattern_is_expensive_and_over_soon),
        cmocka_unit_test(a_pattern_that_backtracks_is_found_before_any_value),
        cmocka_unit_test(a_matcher_serves_again_after_a_runaway),
        cmocka_unit_test(a_pattern_that_cannot_be_used_has_a_reason),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
