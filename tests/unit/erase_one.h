/* erase_one: erases one customer, for tests. *found: it was erased. 0, or -1. */
#ifndef KYC_TESTS_UNIT_ERASE_ONE_H
#define KYC_TESTS_UNIT_ERASE_ONE_H

#include "ledger/ledger_erase.h"

static inline int erase_one(struct ledger *ledger, struct slice key, uint64_t at_ns, bool *found,
                            struct error *error)
{
    struct ledger_erasure item = {.key = key};
    struct arena arena;

    arena_init(&arena, 1024);
    int result = ledger_find_erasures(ledger, &item, 1, &arena, error);
    if (result == 0)
        result = ledger_erase(ledger, &item, 1, at_ns, error);
    *found = result == 0 && item.result == LEDGER_ERASURE_DONE;
    arena_clear(&arena);
    return result;
}

#endif
