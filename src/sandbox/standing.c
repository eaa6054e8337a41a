#include "sandbox/standing.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "sandbox/options.h"
#include "sandbox/random.h"

static const char *const words[STANDING_STATES] = {"unverified",   "started",  "in_review",
                                                   "needs_action", "verified", "rejected"};

const char *standing_word(enum standing_state state)
{
    assert(state < STANDING_STATES);
    return words[state];
}

bool standing_read(struct slice word, enum standing_state *state)
{
    for (int i = 0; i < STANDING_STATES; i++) {
        if (!slice_is(word, words[i]))
            continue;
        *state = (enum standing_state)i;
        return true;
    }
    return false;
}

static void move(struct standing *standing, enum standing_state state, uint64_t at_ns, bool alone)
{
    standing->state = state;
    standing->due_ns = 0;
    standing->changed_ns = at_ns;
    standing->moves++;
    standing->moved_alone = alone;
    standing->link_open = false;
}

enum standing_state standing_now(struct standing *standing)
{
    if (standing->due_ns > 0 && clock_real_ns() >= standing->due_ns)
        move(standing, standing->next, standing->due_ns, true);
    return standing->state;
}

void standing_set(struct standing *standing, enum standing_state state)
{
    standing_now(standing);
    move(standing, state, clock_real_ns(), false);
}

/* a generator of this user's own: the order in which threads create users must not matter */
static uint64_t seed_of(const struct standing *standing, const struct options *options, struct slice user_id)
{
    char moves[16];
    uint8_t digest[DIGEST_SHA256_LEN];
    uint64_t random;
    int len = snprintf(moves, sizeof moves, " %u", (unsigned)standing->moves);
    digest_sha256(user_id, slice_make(moves, (size_t)len), digest);
    memcpy(&random, digest, sizeof random);
    return random ^ options->seed;
}

void standing_plan(struct standing *standing, const struct options *options, struct slice user_id,
                   bool decided_again)
{
    uint64_t min_ns = options->verify_min_ns, max_ns = options->verify_max_ns;
    if (max_ns == 0)
        return;
    uint64_t random = seed_of(standing, options, user_id);
    uint64_t after_ns = min_ns + (uint64_t)(random_share(&random) * (double)(max_ns - min_ns));
    double fate = random_share(&random);
    standing->due_ns = clock_real_ns() + after_ns;
    if (fate < options->reject_share)
        standing->next = STANDING_REJECTED;
    else if (!decided_again && fate < options->reject_share + options->action_share)
        standing->next = STANDING_NEEDS_ACTION;
    else
        standing->next = STANDING_VERIFIED;
}

void standing_act(struct standing *standing, const struct options *options, struct slice user_id)
{
    enum standing_state state = standing_now(standing);
    if (state == STANDING_VERIFIED || state == STANDING_IN_REVIEW)
        return;
    standing_set(standing, STANDING_IN_REVIEW);
    standing_plan(standing, options, user_id, true);
}

bool standing_hasten(struct standing *standing, uint64_t by_ns)
{
    standing_now(standing);
    if (standing->due_ns == 0)
        return false;
    standing->due_ns = standing->due_ns > by_ns ? standing->due_ns - by_ns : 1;
    return true;
}

void standing_add_link(struct standing *standing, const struct options *options)
{
    standing_now(standing);
    uint64_t now_ns = clock_real_ns(), life_ns = options->link_life_ns;
    bool expired = life_ns > 0 && now_ns - standing->link_ns >= life_ns;
    standing->links++;
    standing->duplicate_links += standing->link_open && !expired;
    standing->link_open = true;
    standing->link_ns = now_ns;
}
