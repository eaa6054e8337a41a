#include "cmd/words_table.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { ARENA_CHUNK = 16 * 1024 };

void words_table_init(struct words_table *table)
{
    *table = (struct words_table){.words = memory_new(WORDS_TABLE_MAX, sizeof *table->words)};
    table->index = hash_table_new();
    arena_init(&table->arena, ARENA_CHUNK);
}

void words_table_clear(struct words_table *table)
{
    free(table->words);
    hash_table_free(table->index);
    arena_clear(&table->arena);
}

void words_table_add(struct words_table *table, struct slice word)
{
    table->values++;
    if (table->is_free_text)
        return;
    struct hash_table_entry *entry = hash_table_ensure(table->index, hash_table_hash(word));
    if (entry->value > 0) {
        table->words[entry->value - 1].count++;
        return;
    }
    if (table->count == WORDS_TABLE_MAX) {
        table->is_free_text = true;
        return;
    }
    table->words[table->count++] = (struct words_table_word){arena_copy(&table->arena, word), 1};
    entry->value = (uint32_t)table->count;
}

static int by_count(const void *a, const void *b)
{
    const struct words_table_word *first = a, *second = b;
    size_t len = first->text.len < second->text.len ? first->text.len : second->text.len;

    if (first->count != second->count)
        return first->count < second->count ? 1 : -1;
    int order = memcmp(first->text.data, second->text.data, len);
    return order ? order : (first->text.len > second->text.len) - (first->text.len < second->text.len);
}

void words_table_sort(struct words_table *table)
{
    qsort(table->words, table->count, sizeof *table->words, by_count);
}
