/* pattern: regular expressions of a job: PCRE2, always compiled by its JIT.
 *
 * A pattern works on UTF-8 (PCRE2_UTF; `\d` and `\w` are ASCII unless the pattern begins with `(*UCP)`). A
 * match is limited to 100,000 backtracking steps and 1 MiB of JIT stack, which a hostile value reaches in
 * 0.14 ms; the result is then PATTERN_EXPENSIVE. Thread: a pattern is constant; a matcher belongs to one
 * thread.
 */
#ifndef KYC_RULES_PATTERN_H
#define KYC_RULES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"

enum {
    PATTERN_MESSAGE_SIZE = 512,
    PATTERN_REPLACED_MAX = 1 << 20, /* bytes of what a replacement makes */
};

struct pattern;

/* NULL when PCRE2 or its JIT does not compile text; message then names the reason and the place. */
struct pattern *pattern_new(const char *text, char message[PATTERN_MESSAGE_SIZE]);
/* The same, of a pattern that must match the whole of a text. */
struct pattern *pattern_new_whole(const char *text, char message[PATTERN_MESSAGE_SIZE]);
void pattern_free(struct pattern *pattern);

/* False, with a message, when the pattern exceeds the match limit on one of some short texts, as nested
 * repeats such as (\w+\s?)+$ do: found when a job is loaded, and not on its first long value. text: the
 * pattern's own, whose characters are among those that are tried. */
bool pattern_is_cheap(const struct pattern *pattern, const char *text, char message[PATTERN_MESSAGE_SIZE]);

/* The capturing groups of a pattern. */
size_t pattern_group_count(const struct pattern *pattern);

/* Tries a replacement before the first text: of a match in which all groups are set, and of one in which none
 * is. False, with the reason and the place in message, for one that refers to an unknown group or is badly
 * formed. */
bool pattern_try_replacement(const struct pattern *pattern, const char *replacement,
                             char message[PATTERN_MESSAGE_SIZE]);

struct pattern_matcher;

/* group_count: the most groups of a pattern that it is used to replace with; 0 to search. */
struct pattern_matcher *pattern_matcher_new(size_t group_count);
void pattern_matcher_free(struct pattern_matcher *matcher);

enum pattern_result { PATTERN_ABSENT, PATTERN_FOUND, PATTERN_EXPENSIVE };

/* text: valid UTF-8, which is not checked again. */
enum pattern_result pattern_search(const struct pattern *pattern, struct pattern_matcher *matcher,
                                   struct slice text);

/* The same; with PATTERN_FOUND *out is the replacement, in arena: that of pcre2_substitute (pcre2api(3)) with
 * PCRE2_SUBSTITUTE_EXTENDED, where a group that is not set is empty and what the match does not cover is not
 * kept. A replacement of more than PATTERN_REPLACED_MAX bytes is PATTERN_EXPENSIVE. */
enum pattern_result pattern_replace(const struct pattern *pattern, struct pattern_matcher *matcher,
                                    struct slice text, const char *replacement, struct arena *arena,
                                    struct slice *out);

#endif
