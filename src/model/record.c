#include "model/record.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

enum { RECORD_FIRST_VERDICTS = 4 };

struct batch *batch_new(void)
{
    struct batch *batch = memory_new(1, sizeof *batch);
    batch->records = memory_new(BATCH_RECORDS_MAX, sizeof *batch->records);
    arena_init(&batch->arena, BATCH_ARENA_CHUNK);
    return batch;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    arena_clear(&batch->arena);
    free(batch->records);
    free(batch);
}

void batch_reset(struct batch *batch)
{
    assert(batch->count <= BATCH_RECORDS_MAX);
    memset(batch->records, 0, batch->count * sizeof *batch->records);
    arena_reset(&batch->arena);
    batch->sequence = 0;
    batch->count = batch->bytes = 0;
}

bool record_find_own(const struct record *record, enum field_group group, enum field_id *field)
{
    size_t i = *field, count = field_count();
    while (i < count && (field_group((enum field_id)i) != group || record->values[i].state != VALUE_PRESENT))
        i++;
    *field = (enum field_id)i;
    return i < count;
}

void record_add_verdict(struct record *record, struct arena *arena, struct verdict verdict)
{
    if (record->verdict_count == record->verdict_capacity) {
        size_t capacity = record->verdict_capacity ? 2 * record->verdict_capacity : RECORD_FIRST_VERDICTS;
        struct verdict *grown = arena_alloc(arena, capacity * sizeof *grown);
        if (record->verdict_count)
            memcpy(grown, record->verdicts, record->verdict_count * sizeof *grown);
        record->verdicts = grown;
        record->verdict_capacity = capacity;
    }
    record->verdicts[record->verdict_count++] = verdict;
    if (verdict.level == VERDICT_REJECT)
        record->rejected = true;
}

/* Bytes of all texts that a copy takes along. */
static size_t record_text_len(const struct record *record)
{
    size_t len = record->raw.len + record->fault_message.len, value_count = field_count();
    if (record->cells)
        for (size_t i = 0; i < record->cell_count; i++)
            len += record->cells[i].len;
    if (record->values)
        for (size_t i = 0; i < value_count; i++)
            len += record->values[i].text.len;
    for (size_t i = 0; i < record->verdict_count; i++)
        len += record->verdicts[i].message.len;
    return len;
}

static void record_move_text(struct slice *text, char **item)
{
    if (text->len) {
        memcpy(*item, text->data, text->len);
        text->data = *item;
        *item += text->len;
    } else {
        text->data = "";
    }
}

static void *record_copy_array(const void *from, size_t count, size_t size, struct arena *arena)
{
    if (!from)
        return NULL;
    void *copy = arena_alloc(arena, count * size);
    if (count)
        memcpy(copy, from, count * size);
    return copy;
}

struct record *record_copy(const struct record *record, struct arena *arena)
{
    size_t value_count = field_count();
    struct record *copy = record_copy_array(record, 1, sizeof *record, arena);
    copy->cells = record_copy_array(record->cells, record->cell_count, sizeof *record->cells, arena);
    copy->values = record_copy_array(record->values, value_count, sizeof *record->values, arena);
    copy->verdicts =
        record_copy_array(record->verdicts, record->verdict_count, sizeof *record->verdicts, arena);
    copy->document_digest = record_copy_array(record->document_digest, field_document_count(),
                                              sizeof *record->document_digest, arena);
    for (size_t i = 0; copy->document_digest && i < field_document_count(); i++)
        copy->document_digest[i] =
            record_copy_array(record->document_digest[i], RECORD_DOCUMENT_DIGEST_LEN, 1, arena);
    copy->unique_digests = NULL; /* of a dry run, whose records are not copied */
    copy->verdict_capacity = copy->verdicts ? record->verdict_count : 0;

    char *cursor = arena_bytes(arena, record_text_len(record));
    record_move_text(&copy->raw, &cursor);
    record_move_text(&copy->fault_message, &cursor);
    if (copy->cells)
        for (size_t i = 0; i < copy->cell_count; i++)
            record_move_text(&copy->cells[i], &cursor);
    if (copy->values)
        for (size_t i = 0; i < value_count; i++)
            record_move_text(&copy->values[i].text, &cursor);
    assert(copy->verdicts || copy->verdict_count == 0);
    for (size_t i = 0; i < copy->verdict_count; i++)
        record_move_text(&copy->verdicts[i].message, &cursor);
    return copy;
}
