#include "dispatch/refresh_list.h"

#include <stdlib.h>

#include "core/arena.h"
#include "core/memory.h"
#include "dispatch/refresh_record.h"
#include "dispatch/user_stream.h"

enum { ARENA_CHUNK = 64 * 1024, CUSTOMER_CHUNK = 4096, PREFETCHED = 256 };

struct listed_state {
    struct slice user_id;
    struct refresh_answer answer;
    struct listed_state *next;
};

struct refresh_list {
    const struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct user_stream *stream;
    uint64_t since_ns;
    /* Of this page: */
    struct arena arena;
    struct listed_state *states;
    uint64_t known_count, state_count;
    struct ledger_wanted wanted; /* of the next states that are written */
    /* Customers whose reason is still to be asked for: */
    int64_t *unexplained;
    size_t unexplained_count, unexplained_capacity, next_unexplained;
};

static void begin_page(struct refresh_list *list)
{
    arena_reset(&list->arena);
    list->states = NULL;
    list->known_count = list->state_count = 0;
}

static void begin_listing(void *context)
{
    begin_page(context);
}

static void add_user(void *context, const struct provider_user *user, const struct json_node *nodes,
                     bool is_known)
{
    struct refresh_list *list = context;
    struct refresh_answer answer;

    if (!is_known)
        return;
    list->known_count++;
    if (!refresh_record_read(list->provider, list->job, nodes, &list->arena, &answer))
        return;
    struct listed_state *state = arena_alloc(&list->arena, sizeof *state);
    *state = (struct listed_state){arena_copy(&list->arena, user->id), answer, list->states};
    list->states = state;
    list->state_count++;
}

struct refresh_list *refresh_list_new(const struct job *job, const struct provider *provider,
                                      struct ledger *ledger, uint64_t since_ns, struct error *error)
{
    struct refresh_list *list = memory_new(1, sizeof *list);
    const struct user_stream_handler handler = {.begin = begin_listing, .add = add_user, .context = list};

    list->job = job;
    list->provider = provider;
    list->ledger = ledger;
    list->since_ns = since_ns;
    arena_init(&list->arena, ARENA_CHUNK);
    list->stream = user_stream_new(job, provider, &handler);
    if (user_stream_prepare(list->stream, ledger, error) == 0)
        return list;
    refresh_list_free(list);
    return NULL;
}

void refresh_list_free(struct refresh_list *list)
{
    if (!list)
        return;
    user_stream_free(list->stream);
    arena_clear(&list->arena);
    free(list->unexplained);
    ledger_wanted_clear(&list->wanted);
    free(list);
}

void refresh_list_attach(struct refresh_list *list, struct delivery *delivery)
{
    begin_page(list);
    user_stream_attach(list->stream, delivery);
}

bool refresh_list_is_whole(struct refresh_list *list)
{
    return user_stream_is_whole(list->stream);
}

static void add_unexplained(struct refresh_list *list, int64_t id)
{
    if (list->unexplained_count == list->unexplained_capacity) {
        list->unexplained_capacity = list->unexplained_capacity ? 2 * list->unexplained_capacity : 64;
        list->unexplained =
            memory_resize(list->unexplained, list->unexplained_capacity, sizeof *list->unexplained);
    }
    list->unexplained[list->unexplained_count++] = id;
}

/* Pages have no reasons: one that the ledger has for the same word stays. */
static void complete_reason(struct refresh_list *list, const struct ledger_customer *customer,
                            struct refresh_answer *answer)
{
    bool is_same =
        answer->state == customer->verification && slice_equal(answer->word, customer->verification_word);

    if (list->provider->list_page == 0 || answer->reason.len > 0)
        return;
    if (is_same)
        answer->reason = customer->verification_reason;
    if (answer->reason.len == 0 && answer->state == VERIFICATION_ACTION_NEEDED)
        add_unexplained(list, customer->id);
}

static int write_state(struct refresh_list *list, struct listed_state *state, struct refresh_reading *reading,
                       struct error *error)
{
    struct ledger_customer customer;
    struct arena arena;
    uint64_t read_ns = 0;
    int64_t id;
    int result = -1;

    if (ledger_owner(list->ledger, state->user_id, &id, error) != 0 ||
        (id != 0 && ledger_reading(list->ledger, id, &read_ns, error) != 0))
        return -1;
    if (id == 0 || read_ns >= list->since_ns) /* a page begins with the last user of the page before */
        return 0;
    arena_init(&arena, CUSTOMER_CHUNK);
    if (ledger_find_known(list->ledger, id, &arena, &customer, error) == 0) {
        complete_reason(list, &customer, &state->answer);
        result = refresh_record_write(list->ledger, &customer, &state->answer, reading, error);
    }
    arena_clear(&arena);
    return result;
}

static int prefetch(struct refresh_list *list, const struct listed_state *state, struct error *error)
{
    ledger_wanted_reset(&list->wanted);
    for (int i = 0; state && i < PREFETCHED; i++, state = state->next)
        ledger_wanted_user(&list->wanted, state->user_id);
    return ledger_prefetch(list->ledger, &list->wanted, error);
}

int refresh_list_write(struct refresh_list *list, const struct delivery *delivery,
                       struct refresh_reading *reading, struct error *error)
{
    bool is_stateless = list->known_count > 0 && list->state_count == 0;
    size_t i = 0;

    for (struct listed_state *state = list->states; state; state = state->next, i++)
        if ((i % PREFETCHED == 0 && prefetch(list, state, error) != 0) ||
            write_state(list, state, reading, error) != 0)
            return -1;
    return user_stream_next_page(list->stream, delivery) && !is_stateless;
}

int64_t refresh_list_next_unexplained(struct refresh_list *list)
{
    return list->next_unexplained < list->unexplained_count ? list->unexplained[list->next_unexplained++] : 0;
}
