/* ledger_wanted: the growing lists of what is asked for at once (ledger.h). */
#include <stdlib.h>

#include "core/memory.h"
#include "ledger/ledger.h"

enum { CAPACITY = 64 };

static void add_text(struct slice **texts, size_t *count, size_t *capacity, struct slice text)
{
    if (text.len == 0)
        return;
    if (*count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : CAPACITY;
        *texts = memory_resize(*texts, *capacity, sizeof **texts);
    }
    (*texts)[(*count)++] = text;
}

void ledger_wanted_id(struct ledger_wanted *wanted, int64_t id)
{
    if (id == 0)
        return;
    if (wanted->id_count == wanted->id_capacity) {
        wanted->id_capacity = wanted->id_capacity ? 2 * wanted->id_capacity : CAPACITY;
        wanted->ids = memory_resize(wanted->ids, wanted->id_capacity, sizeof *wanted->ids);
    }
    wanted->ids[wanted->id_count++] = id;
}

void ledger_wanted_key(struct ledger_wanted *wanted, struct slice key)
{
    add_text(&wanted->keys, &wanted->key_count, &wanted->key_capacity, key);
}

void ledger_wanted_user(struct ledger_wanted *wanted, struct slice user_id)
{
    add_text(&wanted->users, &wanted->user_count, &wanted->user_capacity, user_id);
}

void ledger_wanted_reset(struct ledger_wanted *wanted)
{
    wanted->id_count = wanted->key_count = wanted->user_count = 0;
}

void ledger_wanted_clear(struct ledger_wanted *wanted)
{
    free(wanted->ids);
    free(wanted->keys);
    free(wanted->users);
    *wanted = (struct ledger_wanted){.id_count = 0};
}
