#include "ledger/ledger_move.h"

#include <string.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/text.h"
#include "ledger/ledger_draft.h"
#include "ledger/ledger_internal.h"

enum { FINDING_SIZE = 512, ARENA_CHUNK = 256 };

struct moving {
    const struct ledger_place *from, *to;
    const struct ledger_identity *identity;
    struct ledger *source;
    struct ledger_lease *lease;
    const char *location; /* of `to`, as the mark has it: a path may have bytes that a database refuses */
    struct ledger_draft *draft;
    struct ledger_moved *moved;
};

static int check_places(const struct moving *moving, struct error *error)
{
    int from = ledger_exists(moving->from, error), to = from == 1 ? ledger_exists(moving->to, error) : 0;

    if (from < 0 || to < 0)
        return -1;
    if (from == 0)
        return error_set(
            error, ERROR_USAGE,
            "there is no ledger of the job %s at %s\nhint: name the place as in the job's `ledger`: sqlite:PATH or postgresql://USER@HOST/DATABASE",
            moving->from->job, moving->from->location);
    if (to == 1)
        return error_set(
            error, ERROR_USAGE,
            "there is a ledger of the job %s at %s already, and a copy never replaces one\nhint: if an earlier copy made it, set `ledger` in the job to it; else name another place",
            moving->to->job, moving->to->location);
    return 0;
}

static void keep_first(void *context, const struct ledger_finding *finding)
{
    char *first = context;

    if (!first[0])
        text_format(first, FINDING_SIZE, "%.*s", (int)finding->text.len, finding->text.data);
}

static int verify(struct moving *moving, struct error *error)
{
    struct ledger *copy = ledger_draft_ledger(moving->draft);
    struct ledger_moved *moved = moving->moved;
    char finding[FINDING_SIZE] = "";

    ledger_chain_head(moving->source, moved->from_head);
    ledger_chain_head(copy, moved->to_head);
    if (ledger_verify(copy, moved->from_head, keep_first, finding, &moved->verified, error) != 0)
        return -1;
    if (!finding[0] && strcmp(moved->from_head, moved->to_head) != 0)
        text_format(finding, sizeof finding, "its last events are missing");
    if (finding[0])
        return error_set(
            error, ERROR_LEDGER,
            "the copy of the ledger %s does not verify, so it was not put in its place: %s\nhint: kyc-import status JOB --verify lists what is wrong with the ledger",
            store_location(moving->source->store), finding);
    return 0;
}

static int mark(const struct moving *moving, struct error *error)
{
    struct store *store = moving->source->store;
    char at[CLOCK_RFC3339_SIZE];
    struct buffer value;

    buffer_init(&value, ERROR_TEXT_MAX);
    buffer_printf(&value, "%s %s", clock_rfc3339(clock_real_ns(), at), moving->location);
    int result = ledger_begin(moving->source, error) != 0 ||
                         store_meta_set(store, LEDGER_MOVED_TO, buffer_slice(&value), error) != 0 ||
                         ledger_commit(moving->source, error) != 0
                     ? -1
                     : 0;
    buffer_clear(&value);
    failpoint("ledger marked as moved");
    return result;
}

static int move(struct moving *moving, struct arena *arena, struct error *error)
{
    if (check_places(moving, error) != 0)
        return -1;
    moving->lease = ledger_lease_take(moving->to, error);
    /* Another process may have placed a ledger there before this one had the lease. */
    if (!moving->lease || check_places(moving, error) != 0)
        return -1;
    moving->location =
        ledger_row_clean_text(slice_from(store_location((struct store *)moving->lease)), arena).data;
    moving->source = ledger_open_to_move(moving->from, moving->location, moving->identity, error);
    if (!moving->source)
        return -1;
    moving->draft = ledger_draft_make(moving->lease, moving->to, moving->identity, moving->source, error);
    if (!moving->draft || verify(moving, error) != 0 || mark(moving, error) != 0)
        return -1;
    return ledger_draft_place(moving->draft, error);
}

int ledger_move(const struct ledger_place *from, const struct ledger_place *to,
                const struct ledger_identity *identity, struct ledger_moved *moved, struct error *error)
{
    struct moving moving = {.from = from, .to = to, .identity = identity, .moved = moved};
    struct arena arena;

    *moved = (struct ledger_moved){.from_head = ""};
    arena_init(&arena, ARENA_CHUNK);
    int result = move(&moving, &arena, error);
    ledger_draft_free(moving.draft);
    ledger_close(moving.source);
    ledger_lease_end(moving.lease);
    arena_clear(&arena);
    return result;
}
