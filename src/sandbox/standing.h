/* standing: how far the verification of a user has come, and how it moves by itself.
 *
 * A user is created `unverified`. With --verify-after it is decided after a random time: verified, rejected
 * or needs_action. needs_action stays until something is done: one of the user's links is visited, or a
 * document is sent, at kira with an update. The user is then in_review, and decided once more (not
 * needs_action again). The draws depend on --seed, the user's id and the number of its moves alone. Thread:
 * one at a time.
 */
#ifndef KYC_SANDBOX_STANDING_H
#define KYC_SANDBOX_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

struct options;

/* In kira's words, which has one for each. */
enum standing_state {
    STANDING_UNVERIFIED,
    STANDING_STARTED,
    STANDING_IN_REVIEW,
    STANDING_NEEDS_ACTION,
    STANDING_VERIFIED,
    STANDING_REJECTED,
    STANDING_STATES
};

struct standing {
    enum standing_state state; /* of the last move: see standing_now */
    enum standing_state next;  /* what it becomes at due_ns */
    uint64_t due_ns;           /* real time; 0: it stays */
    uint64_t changed_ns;       /* of the last move, real time; 0: none */
    uint32_t moves;
    bool moved_alone; /* the last move was not a request's or a person's */
    /* of the user's create, by a fault */
    bool rejected_at_once, link_failed, not_triggered;
    uint32_t links, duplicate_links, documents, duplicate_documents;
    bool link_open;   /* a link was made since the last move, and nobody has visited it */
    uint64_t link_ns; /* when the last link was made, real time */
};

/* `needs_action`. */
const char *standing_word(enum standing_state state);
/* False: no such word. */
bool standing_read(struct slice word, enum standing_state *state);

/* The state at present: makes the move that is due. */
enum standing_state standing_now(struct standing *standing);

/* Moves to a state, which then stays. */
void standing_set(struct standing *standing, enum standing_state state);

/* Plans the next move of a user, if the options have one. decided_again: not needs_action. */
void standing_plan(struct standing *standing, const struct options *options, struct slice user_id,
                   bool decided_again);

/* Something was done for the user: in_review, and decided again, unless it is verified or in review. */
void standing_act(struct standing *standing, const struct options *options, struct slice user_id);

/* Brings the move that is planned nearer, as if so much time had passed. False: none is planned. */
bool standing_hasten(struct standing *standing, uint64_t by_ns);

/* Counts a link made now. It is a duplicate when an earlier one can still be used. */
void standing_add_link(struct standing *standing, const struct options *options);

#endif
