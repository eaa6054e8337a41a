/* escapes: what programs write in place of characters, and forget to take back. Inside of src/rules.
 *
 * HTML entities and tags, backslash escapes, and a question mark for a letter that an encoding lacks.
 * Thread: any; pure.
 */
#ifndef KYC_RULES_ESCAPES_H
#define KYC_RULES_ESCAPES_H

#include "core/arena.h"
#include "core/slice.h"

enum escape {
    ESCAPE_NONE,
    ESCAPE_ENTITY,    /* &#039; &amp; &ntilde; */
    ESCAPE_TAG,       /* <b> */
    ESCAPE_BACKSLASH, /* \' \u00fc */
    ESCAPE_QUESTION,  /* Gonz?lez */
};

/* The first kind that a text has. *repaired: the text with its entities or backslashes resolved, in the
 * arena; empty where it is not known. text: UTF-8. */
enum escape escapes_find(struct slice text, struct arena *arena, struct slice *repaired);

#endif
