/* arrival: when the bytes of a request came to this machine, by the kernel.
 *
 * The server's thread may run late, by tens of milliseconds on a busy machine: requests that came apart would
 * be seen together, and a client would be accused of passing a limit that it kept. So the kernel stamps each
 * segment as it comes (on loopback: in the sender's own system call), and the library's recv is ours, which
 * reads the stamp too.
 *
 * Thread: any; a stamp belongs to the thread that received.
 */
#ifndef KYC_SANDBOX_ARRIVAL_H
#define KYC_SANDBOX_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Has the kernel stamp what comes to a listening socket's connections. */
void arrival_watch(int listener);

/* When (clock_mono_ns) the bytes came that this thread received last, if that was from fd; else, and where
 * the kernel has no stamp: now. */
uint64_t arrival_ns(int fd);

/* Stands for the C library's recv in the whole program. */
ssize_t arrival_recv(int fd, void *out, size_t size, int flags) __asm__("recv");

#endif
