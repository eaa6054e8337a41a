#include "rules/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/memory.h"

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
