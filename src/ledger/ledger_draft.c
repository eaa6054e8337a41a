#include "ledger/ledger_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/memory.h"
#include "ledger/ledger_backup.h"
#include "ledger/ledger_internal.h"
#include "ledger/ledger_store_ops.h"
#include "ledger/ledger_transfer.h"

struct ledger_draft {
    const struct store_ops *ops;
    struct store_draft *draft;
    struct ledger *ledger; /* NULL: placed, or not opened yet */
    uint64_t from_ns;      /* clock_boot_ns: nobody before this process has the right to send any more */
};

char *ledger_draft_present(struct ledger_lease *lease, struct error *error)
{
    struct store *store = (struct store *)lease;

    error->scope = ERROR_NONE;
    return store->ops->draft_present(store, error);
}

static int write_key(struct ledger *source, const char *path, struct error *error)
{
    char *key_path = ledger_beside(path, ".key");
    int result = 0;

    if (ledger_write_key(source, key_path) != 0)
        result = error_set(error, ERROR_LEDGER, "%s: %s\nhint: check the folder and the space on its disk",
                           key_path, strerror(errno));
    free(key_path);
    return result;
}

static int fill(struct store *to, struct store *from, struct error *error)
{
    struct error ignored;

    if (store_begin_read(from, error) != 0)
        return -1;
    int result = ledger_transfer(from, to, error);
    return store_end_read(from, result == 0 ? error : &ignored) == 0 ? result : -1;
}

/* Opens the draft; a schema is filled then, row by row. NULL on error. */
static struct store *open_store(struct ledger_draft *draft, const struct ledger_place *place,
                                uint8_t key[FINGERPRINT_KEY_LEN], struct ledger *source, struct error *error)
{
    struct store *store = draft->ops->draft_open(draft->draft, place, key, error);

    if (!store)
        return NULL;
    store->ops = draft->ops;
    if (draft->draft->path || fill(store, source->store, error) == 0)
        return store;
    store_close(store);
    return NULL;
}

static int build(struct ledger_draft *draft, const struct ledger_place *place,
                 const struct ledger_identity *identity, struct ledger *source, struct error *error)
{
    const char *path = draft->draft->path;
    bool has_key_file = path && !(place->key && place->key->data);
    uint8_t key[FINGERPRINT_KEY_LEN];

    /* A file is filled before it is opened as a ledger, as a whole copy. */
    if (path && ledger_copy(source, path, error) != 0)
        return -1;
    if (has_key_file && write_key(source, path, error) != 0)
        return -1;
    struct store *store = open_store(draft, place, key, source, error);
    if (store)
        draft->ledger = ledger_open_store(store, key, place->key, identity, error);
    secret_wipe(key, sizeof key);
    if (!draft->ledger)
        return -1;
    failpoint("backup copied");
    return 0;
}

struct ledger_draft *ledger_draft_make(struct ledger_lease *lease, const struct ledger_place *place,
                                       const struct ledger_identity *identity, struct ledger *source,
                                       struct error *error)
{
    struct store *store = (struct store *)lease;
    struct ledger_draft *draft = memory_new(1, sizeof *draft);

    uint64_t lease_ns = store_lease_from_ns(store), source_ns = store_lease_from_ns(source->store);
    draft->from_ns = lease_ns > source_ns ? lease_ns : source_ns;
    draft->ops = store->ops;
    draft->draft = draft->ops->draft_new(store, error);
    if (draft->draft && build(draft, place, identity, source, error) == 0)
        return draft;
    ledger_draft_free(draft);
    return NULL;
}

struct ledger *ledger_draft_ledger(struct ledger_draft *draft)
{
    return draft->ledger;
}

const char *ledger_draft_moved_to(const struct ledger_draft *draft)
{
    return draft->draft->moved_to;
}

/* The writer of the present ledger, or of the source, before this process may still have the right to send,
 * which the new ledger would not know. */
static void wait_for_former(const struct ledger_draft *draft)
{
    for (uint64_t now = clock_boot_ns(); now < draft->from_ns; now = clock_boot_ns()) {
        uint64_t ns = draft->from_ns - now;
        nanosleep(&(struct timespec){(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)}, NULL);
    }
}

int ledger_draft_place(struct ledger_draft *draft, struct error *error)
{
    ledger_close(draft->ledger);
    draft->ledger = NULL;
    wait_for_former(draft);
    return draft->ops->draft_place(draft->draft, error);
}

void ledger_draft_free(struct ledger_draft *draft)
{
    if (!draft)
        return;
    ledger_close(draft->ledger);
    if (draft->draft)
        draft->ops->draft_free(draft->draft);
    free(draft);
}
