#include "rules/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/buffer.h"
#include "core/memory.h"
#include "core/utf8.h"

enum {
    MATCH_LIMIT = 100000,
    JIT_STACK_FIRST = 32 * 1024,
    JIT_STACK_MAX = 1024 * 1024,
    STAND_IN_MAX = 64 << 20, /* a job file has at most 1 MiB */
    REPLACED_EXTRA = 64,     /* more than most replacements add */
};

/* Extended, so that `\1`, which means something in other tools, is an error and not a text. */
#define REPLACE_OPTIONS                                                                                      \
    (PCRE2_SUBSTITUTE_EXTENDED | PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_REPLACEMENT_ONLY)

struct pattern {
    pcre2_code *code;
};

struct pattern_matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static struct pattern *compile(const char *text, uint32_t options, char message[PATTERN_MESSAGE_SIZE])
{
    int status;
    size_t offset;
    /* \C matches half a character, and the JIT does not support it. */
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | options, &status, &offset, NULL);
    if (!code) {
        char reason[256]; /* enough for all of its messages, by pcre2api(3) */
        pcre2_get_error_message(status, (PCRE2_UCHAR *)reason, sizeof reason);
        snprintf(
            message, PATTERN_MESSAGE_SIZE,
            "the pattern does not compile: %s, at character %zu\nhint: patterns are PCRE2; a sign that means itself has a backslash before it, as in '\\('",
            reason, offset + 1);
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

struct pattern *pattern_new(const char *text, char message[PATTERN_MESSAGE_SIZE])
{
    return compile(text, 0, message);
}

struct pattern *pattern_new_whole(const char *text, char message[PATTERN_MESSAGE_SIZE])
{
    return compile(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED, message);
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    free(pattern);
}

size_t pattern_group_count(const struct pattern *pattern)
{
    uint32_t count = 0;
    pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

/* The name of a group; empty: it has none. */
static struct slice group_name(const struct pattern *pattern, uint32_t group)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR row = NULL; /* a number of two bytes, then the name with its NUL */
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &row);
    for (uint32_t i = 0; i < count; i++, row += size)
        if (((uint32_t)row[0] << 8 | row[1]) == group)
            return slice_from((const char *)row + 2);
    return slice_make(NULL, 0);
}

/* A pattern with the groups of another that matches the empty text: with all of them set, or with none. */
static void write_stand_in(const struct pattern *pattern, bool sets_groups, struct buffer *out)
{
    uint32_t count = (uint32_t)pattern_group_count(pattern);
    buffer_append_text(out, "(?:");
    for (uint32_t group = 1; group <= count; group++) {
        struct slice name = group_name(pattern, group);
        if (name.len > 0)
            buffer_printf(out, "(?<%.*s>)", (int)name.len, name.data);
        else
            buffer_append_text(out, "()");
    }
    buffer_append_text(out, sets_groups ? ")" : ")??");
}

/* A replacement is parsed only where there is a match. */
static bool try_once(const struct pattern *pattern, const char *replacement, bool sets_groups,
                     char message[PATTERN_MESSAGE_SIZE])
{
    struct buffer text;
    buffer_init(&text, STAND_IN_MAX);
    write_stand_in(pattern, sets_groups, &text);
    int status;
    size_t offset;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text.data, text.len, PCRE2_UTF | PCRE2_DUPNAMES, &status, &offset, NULL);
    buffer_clear(&text);
    if (!code) {
        snprintf(message, PATTERN_MESSAGE_SIZE, "the pattern is too large for a replacement");
        return false;
    }
    PCRE2_UCHAR out[1];
    size_t len = sizeof out;
    status = pcre2_substitute(code, (PCRE2_SPTR) "", 0, 0, REPLACE_OPTIONS | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH,
                              NULL, NULL, (PCRE2_SPTR)replacement, PCRE2_ZERO_TERMINATED, out, &len);
    pcre2_code_free(code);
    if (status >= 0 || status == PCRE2_ERROR_NOMEMORY)
        return true;
    char reason[256];
    pcre2_get_error_message(status, (PCRE2_UCHAR *)reason, sizeof reason);
    snprintf(message, PATTERN_MESSAGE_SIZE, "the replacement cannot be used: %s, at byte %zu", reason, len);
    return false;
}

bool pattern_try_replacement(const struct pattern *pattern, const char *replacement,
                             char message[PATTERN_MESSAGE_SIZE])
{
    return try_once(pattern, replacement, true, message) && try_once(pattern, replacement, false, message);
}

struct pattern_matcher *pattern_matcher_new(size_t group_count)
{
    struct pattern_matcher *matcher = memory_new(1, sizeof *matcher);
    matcher->data = pcre2_match_data_create((uint32_t)group_count + 1, NULL);
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

bool pattern_is_cheap(const struct pattern *pattern, const char *text, char message[PATTERN_MESSAGE_SIZE])
{
    const char *const sources[] = {"aA0 -.,@_/", text}; /* of the characters to repeat */
    struct pattern_matcher *matcher = pattern_matcher_new(0);
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
    if (is_expensive)
        snprintf(
            message, PATTERN_MESSAGE_SIZE,
            "the pattern exceeds the match limit on a short text (catastrophic backtracking)\nhint: write it without nested repeats: (a+)+ is a+");
    return !is_expensive;
}

enum pattern_result pattern_replace(const struct pattern *pattern, struct pattern_matcher *matcher,
                                    struct slice text, const char *replacement, struct arena *arena,
                                    struct slice *out)
{
    size_t len = 0, capacity = text.len + REPLACED_EXTRA;
    int found = PCRE2_ERROR_NOMEMORY;
    char *buffer = NULL;
    /* The second attempt has the length that the first one found out. */
    for (int attempt = 0; attempt < 2 && found == PCRE2_ERROR_NOMEMORY; attempt++) {
        if (capacity > PATTERN_REPLACED_MAX)
            return PATTERN_EXPENSIVE;
        buffer = arena_bytes(arena, capacity);
        len = capacity;
        found = pcre2_substitute(pattern->code, (PCRE2_SPTR)(text.data ? text.data : ""), text.len, 0,
                                 REPLACE_OPTIONS | PCRE2_NO_UTF_CHECK | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH,
                                 matcher->data, matcher->context, (PCRE2_SPTR)replacement,
                                 PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)buffer, &len);
        capacity = len;
    }
    if (found < 0)
        return PATTERN_EXPENSIVE;
    *out = slice_make(buffer, len);
    return found == 0 ? PATTERN_ABSENT : PATTERN_FOUND;
}
