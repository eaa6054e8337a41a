/* pattern: a job's own regular expressions, PCRE2 with JIT and nothing else.
 *
 * A pattern works on UTF-8 (PCRE2_UTF; `\d` and `\w` are ASCII unless the pattern begins with `(*UCP)`). A
 * match may take 100,000 backtracking steps and 1 MiB of JIT stack; what wants more is told as expensive, and
 * costs 0.14 ms instead of a run. Thread: a pattern is constant; a matcher belongs to one thread.
 */
#ifndef KYC_RULES_PATTERN_H
#define KYC_RULES_PATTERN_H

#include <stddef.h>

#include "core/slice.h"

enum { PATTERN_MESSAGE_SIZE = 320 };

struct pattern;

/* NULL when text does not compile or JIT cannot take it; message then says why and where. */
struct pattern *pattern_new(const char *text, char message[PATTERN_MESSAGE_SIZE]);
void pattern_free(struct pattern *pattern);

struct pattern_matcher;

struct pattern_matcher *pattern_matcher_new(void);
void pattern_matcher_free(struct pattern_matcher *matcher);

enum pattern_result { PATTERN_ABSENT, PATTERN_FOUND, PATTERN_EXPENSIVE };

/* Searches text, which must be UTF-8: that is not checked again. */
enum pattern_result pattern_search(const struct pattern *pattern, struct pattern_matcher *matcher,
                                   struct slice text);

#endif
