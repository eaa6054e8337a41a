/* store_holder: the process that writes a ledger in PostgreSQL, as the text in the table writer:
 * `HOST BOOT NAMESPACE PROCESS START TIME`, that is the host's name, its boot id, the number of the
 * process's pid namespace, its pid there, when it began (in ticks since the host started), and the same for
 * people. What is not known is `-`.
 *
 * It is for people, and for one question: is the holder certainly gone, so that nobody need wait for it?
 * Thread: any.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_HOLDER_H
#define KYC_LEDGER_POSTGRES_STORE_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

enum { STORE_HOLDER_SIZE = 256 };

/* This process; returns text. */
char *store_holder_of_self(char text[STORE_HOLDER_SIZE]);
/* A holder for people: `HOST, process PROCESS, since TIME`; another text as it is. */
void store_holder_show(struct slice holder, char *text, size_t size);
/* True when it was a process of this start of this host, in this pid namespace, and has ended. False also
 * when that cannot be known. */
bool store_holder_is_gone(struct slice holder);

#endif
