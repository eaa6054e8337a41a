/* words_table: the distinct words of one column and how often each was seen, within bounds.
 *
 * A column of more words than WORDS_TABLE_MAX is free text: its words are forgotten. Thread: the main one.
 * Owner: init/clear; keeps copies.
 */
#ifndef KYC_CMD_WORDS_TABLE_H
#define KYC_CMD_WORDS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/hash_table.h"
#include "core/slice.h"

enum { WORDS_TABLE_MAX = 1000 };

struct words_table_word {
    struct slice text;
    uint64_t count;
};

struct words_table {
    struct words_table_word *words; /* [count], in the order of their first occurrence until it is sorted */
    size_t count;
    uint64_t values; /* all that were added */
    bool is_free_text;
    struct hash_table *index;
    struct arena arena;
};

void words_table_init(struct words_table *table);
void words_table_clear(struct words_table *table);

void words_table_add(struct words_table *table, struct slice word);
/* Most frequent first, then by their bytes; nothing is added after it. */
void words_table_sort(struct words_table *table);

#endif
