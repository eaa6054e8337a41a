/* memory: malloc that never returns NULL.
 *
 * Out of memory ends the process with a message (abort): the ledger makes any death resumable, and code that
 * handles what cannot be tested is worse than none. Nothing else in the program calls malloc directly.
 * Owner: the caller; released with free().
 */
#ifndef KYC_CORE_MEMORY_H
#define KYC_CORE_MEMORY_H

#include <stddef.h>

#include "core/slice.h"

/* count × size zeroed bytes; an overflow of the product ends the process too. */
void *memory_new(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* Grows or shrinks an array to count × size bytes; new bytes are not initialised. */
void *memory_resize(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* A NUL-terminated copy. */
char *memory_copy(struct slice text) __attribute__((returns_nonnull));

/* The same for what may hold a secret, also as a library's allocator (libcurl, OpenSSL): every block is
 * overwritten before it is given back, and one that grows leaves no copy behind. memory_wiped_free and
 * memory_wiped_resize take NULL. */
void *memory_wiped_new(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_wiped_zeroed(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *memory_wiped_resize(void *old, size_t size) __attribute__((returns_nonnull));
char *memory_wiped_copy(const char *text) __attribute__((returns_nonnull));
void memory_wiped_free(void *old);

/* Ends the process as these do: for a library that reports that it got no memory. */
void memory_out(void) __attribute__((noreturn));

#endif
