#include "rules/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/buffer.h"
#include "core/memory.h"
#include "core/utf8.h"

enum { MATCH_LIMIT = 100000, JIT_STACK_FIRST = 32 * 1024, JIT_STACK_MAX = 1024 * 1024 };

struct pattern {
    pcre2_code *code;
};

struct pattern_matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

struct pattern *pattern_new(const char *text, char message[PATTERN_MESSAGE_SIZE])
{
    int status;
    size_t offset;
    /* \C matches half a character, and the JIT does not support it. */
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &status, &offset, NULL);
    if (!code) {
        char reason[256]; /* enough for all of its messages, by pcre2api(3) */
        pcre2_get_error_message(status, (PCRE2_UCHAR *)reason, sizeof reason);
        snprintf(message, PATTERN_MESSAGE_SIZE, "the pattern does not compile: %s, at character %zu", reason,
                 offset + 1);
        return NULL;
    }

    size_t jit_size = 0;
    status = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit_size);
    if (status != 0 || jit_size == 0) {
        snprintf(message, PATTERN_MESSAGE_SIZE,
                 "PCRE2's JIT cannot compile the pattern\nhint: write a simpler pattern");
        pcre2_code_free(code);
        return NULL;
    }
    struct pattern *pattern = memory_new(1, sizeof *pattern);
    pattern->code = code;
    return pattern;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    free(pattern);
}

struct pattern_matcher *pattern_matcher_new(void)
{
    struct pattern_matcher *matcher = memory_new(1, sizeof *matcher);
    matcher->data = pcre2_match_data_create(1, NULL);
    matcher->context = pcre2_match_context_create(NULL);
    matcher->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, NULL);
    if (!matcher->data || !matcher->context || !matcher->stack)
        memory_out();
    pcre2_set_match_limit(matcher->context, MATCH_LIMIT);
    pcre2_jit_stack_assign(matcher->context, NULL, matcher->stack);
    return matcher;
}

void pattern_matcher_free(struct pattern_matcher *matcher)
{
    if (!matcher)
        return;
    pcre2_match_data_free(matcher->data);
    pcre2_match_context_free(matcher->context);
    pcre2_jit_stack_free(matcher->stack);
    free(matcher);
}

enum pattern_result pattern_search(const struct pattern *pattern, struct pattern_matcher *matcher,
                                   struct slice text)
{
    /* pcre2_jit_match checks neither the text nor its address. */
    PCRE2_SPTR cursor = (PCRE2_SPTR)(text.data ? text.data : "");
    int found = pcre2_jit_match(pattern->code, cursor, text.len, 0, 0, matcher->data, matcher->context);
    if (found >= 0)
        return PATTERN_FOUND;
    /* Any other error means the same for the value: it was not checked. */
    return found == PCRE2_ERROR_NOMATCH ? PATTERN_ABSENT : PATTERN_EXPENSIVE;
}

/* Searches repeats of unit, then a character that few patterns match, so that the repeats are tried in every
 * way, then the pattern's own text, so that a character that it needs is there. */
static bool is_expensive_on(const struct pattern *pattern, struct pattern_matcher *matcher, struct slice unit,
                            struct slice own)
{
    enum { REPEATS = 32 };
    struct buffer text;
    buffer_init(&text, own.len + REPEATS * unit.len + 2);
    for (int i = 0; i < REPEATS; i++)
        buffer_append(&text, unit);
    buffer_append_char(&text, '\x01');
    buffer_append(&text, own);
    bool is_expensive = pattern_search(pattern, matcher, buffer_slice(&text)) == PATTERN_EXPENSIVE;
    buffer_clear(&text);
    return is_expensive;
}

bool pattern_backtracks(const struct pattern *pattern, const char *text)
{
    const char *const sources[] = {"aA0 -.,@_/", text}; /* of the characters to repeat */
    struct pattern_matcher *matcher = pattern_matcher_new();
    struct slice own = slice_from(text);
    bool is_expensive = false;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct slice rest = slice_from(sources[i]);
        while (rest.len > 0 && !is_expensive) {
            char pair[8];
            size_t len = 1;
            while (len < rest.len && utf8_is_continuation(rest.data[len]))
                len++;
            memcpy(pair, rest.data, len);
            pair[len] = ' ';
            is_expensive = is_expensive_on(pattern, matcher, slice_make(pair, len), own) ||
                           is_expensive_on(pattern, matcher, slice_make(pair, len + 1), own);
            rest = slice_skip(rest, len);
        }
    }
    pattern_matcher_free(matcher);
    return is_expensive;
}
