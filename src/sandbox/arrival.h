/* arrival: when the bytes of a request reached this machine, by the kernel's time stamp.
 *
 * On a busy machine the server's thread may run tens of milliseconds late. Requests that were sent apart
 * would then be counted together, and a client that keeps its limit would be reported as exceeding it. The
 * kernel stamps each segment when it arrives (on loopback: within the sender's system call), and this module
 * replaces the C library's recv by one that reads the stamp as well.
 *
 * Thread: any; a stamp belongs to the thread that received the bytes.
 */
#ifndef KYC_SANDBOX_ARRIVAL_H
#define KYC_SANDBOX_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Turns the stamps on for all connections of a listening socket. */
void arrival_watch(int listener);

/* When (clock_mono_ns) the bytes that this thread received last arrived, if they came from fd. Now, if they
 * did not or the kernel has no stamp. */
uint64_t arrival_ns(int fd);

/* Replaces the C library's recv in the whole program. */
ssize_t arrival_recv(int fd, void *out, size_t size, int flags) __asm__("recv");

#endif
