#include "ledger/ledger_store_rows.h"

#include <stdlib.h>
#include <string.h>

#include "core/postgres_url.h"

int ledger_store_rows_fail_damaged(struct error *error, const char *location, const char *text)
{
    return error_set(error, ERROR_LEDGER,
                     "the ledger %s is damaged: %s\nhint: restore it %sfrom a backup (kyc-import restore)",
                     location, text, postgres_url_is_one(location) ? "" : "with its key file ");
}

const char *ledger_store_rows_brief_lacks(const struct ledger_brief *brief, bool has_state)
{
    bool is_open_create = brief->state == LEDGER_JOURNALLED || brief->state == LEDGER_IN_DOUBT;

    if (brief->external_id.len == 0 && brief->state != LEDGER_UNSENT)
        return "external_id";
    if (!has_state)
        return "state";
    if (brief->has_user_id != (brief->state == LEDGER_CREATED))
        return brief->has_user_id ? "state created, and a user_id" : "user_id";
    return is_open_create && !brief->pending ? "pending_digest" : NULL;
}

uint64_t ledger_store_rows_digest_word(struct slice digest)
{
    uint64_t number = 0;

    for (size_t i = 0; i < 8 && i < digest.len; i++)
        number |= (uint64_t)(uint8_t)digest.data[i] << (8 * i);
    return number;
}

void ledger_store_rows_columns(struct buffer *text, const struct ledger_table *table, const char *format,
                               uint64_t skip)
{
    const char *comma = "";

    for (size_t i = 0; i < table->count; i++) {
        if (skip >> i & 1)
            continue;
        buffer_append_text(text, comma);
        for (const char *c = format; *c; c++)
            if (*c == '%')
                buffer_append_text(text, table->columns[i].name);
            else
                buffer_append_char(text, *c);
        comma = ", ";
    }
}

void ledger_store_rows_count_verification(struct ledger_verification_counts *counts,
                                          const struct ledger_store_rows_user *user, uint64_t since_ns)
{
    enum verification state = ledger_row_verification(user->verification);
    bool is_deleted = slice_is(user->word, LEDGER_DELETED);
    bool is_changed = user->at_ns > 0 && user->at_ns >= since_ns;

    counts->users++;
    counts->deleted += is_deleted;
    counts->states[state] += !is_deleted;
    counts->changed_to_deleted += is_changed && is_deleted;
    counts->changed[state] += is_changed && !is_deleted;
    counts->linked += user->is_linked;
    counts->never_read += !user->is_read;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

static int compare_texts(const void *a, const void *b)
{
    const struct slice *first = a, *second = b;
    size_t len = first->len < second->len ? first->len : second->len;
    int order = len > 0 ? memcmp(first->data, second->data, len) : 0;
    return order != 0 ? order : (first->len > second->len) - (first->len < second->len);
}

void ledger_store_rows_sort_owners(int64_t *customers, struct slice *users, size_t count)
{
    qsort(customers, count, sizeof *customers, compare_ids);
    qsort(users, count, sizeof *users, compare_texts);
}

bool ledger_store_rows_is_owned(const int64_t *customers, const struct slice *users, size_t count,
                                int64_t customer, struct slice user)
{
    return bsearch(&customer, customers, count, sizeof *customers, compare_ids) ||
           (user.len > 0 && bsearch(&user, users, count, sizeof *users, compare_texts));
}

bool ledger_store_rows_has_body(const struct ledger_value *event)
{
    for (size_t i = 0; i < LEDGER_EVENT_BODY_COLUMNS; i++)
        if (!event[LEDGER_EVENT_FIXED_COLUMNS + i].is_null)
            return true;
    return false;
}
