/* ledger_twins: the same person under another key. */
#include "ledger/ledger_internal.h"

static void add_identity(void *context, int64_t id, struct slice identity)
{
    ledger_identities_add(context, identity, id);
}

struct search {
    struct ledger *ledger;
    struct slice identity;
    int64_t not_id;
    struct arena *arena;
    struct ledger_customer twin; /* id 0: none yet */
    struct error *error;
    int result;
};

/* The row decides, and the lowest id among several. */
static bool consider(void *context, int64_t id)
{
    struct search *search = context;
    struct ledger_customer row;

    if (id == search->not_id || (search->twin.id != 0 && id >= search->twin.id))
        return true;
    search->result = store_read_customers(search->ledger->store, &id, 1, search->arena, &row, search->error);
    if (search->result != 0)
        return false;
    if (row.id != 0 && slice_equal(row.identity, search->identity) &&
        (row.user_id.len > 0 || ledger_customer_has_open_create(&row)))
        search->twin = row;
    return true;
}

int ledger_find_twin(struct ledger *ledger, const uint8_t identity[FINGERPRINT_IDENTITY_LEN], int64_t id,
                     struct arena *arena, struct slice *external_id, struct error *error)
{
    struct search search = {
        .ledger = ledger,
        .identity = slice_make((const char *)identity, FINGERPRINT_IDENTITY_LEN),
        .not_id = id,
        .arena = arena,
        .error = error,
    };

    if (!ledger->identities) {
        ledger->identities = ledger_identities_new();
        if (store_each_identity(ledger->store, add_identity, ledger->identities, error) != 0) {
            ledger_identities_free(ledger->identities);
            ledger->identities = NULL;
            return -1;
        }
    }
    ledger_identities_find(ledger->identities, search.identity, consider, &search);
    if (search.result != 0 || search.twin.id == 0)
        return search.result;
    *external_id = search.twin.external_id;
    return 1;
}
