/* holds: items that are handed back at a given time, by one thread of its own.
 *
 * Thread: any for holds_put; the callback runs on the holds' own thread. Owner: new/free; items are the
 * caller's.
 */
#ifndef KYC_SANDBOX_HOLDS_H
#define KYC_SANDBOX_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct holds;

/* stopping: the item is handed back before its time because of holds_stop. */
typedef void holds_callback(void *item, bool stopping);

struct holds *holds_new(holds_callback *callback);
/* After holds_stop. */
void holds_free(struct holds *holds);

/* Hands item back at due_ns (clock_mono_ns) or soon after. False after holds_stop: it was not taken. */
bool holds_put(struct holds *holds, uint64_t due_ns, void *item);
/* Hands all back at once and waits for that. */
void holds_stop(struct holds *holds);

#endif
