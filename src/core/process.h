/* process: protects the process before anything else happens: its memory, its standard streams, its limits;
 * and what the kernel tells of a process.
 *
 * Thread: the first one, before there is another; process_read, process_start_ns: any.
 */
#ifndef KYC_CORE_PROCESS_H
#define KYC_CORE_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Keeps API keys and personal data in this process's memory: no core file (RLIMIT_CORE 0), and not dumpable,
 * so that no other process of the account can attach to it or read its /proc/PID/mem and environ; root can.
 * Blocks that OpenSSL frees are overwritten first; libcurl's are too (delivery/sender). The first call in
 * main, before a secret is read and before OpenSSL allocates anything.
 *
 * Builds with a sanitizer stay dumpable: LeakSanitizer stops the process to look at its memory. A debugger or
 * strace that starts the program keeps it; one that attaches later needs root. */
void process_harden(void);

/* Opens standard input, output or error on /dev/null where it is closed. Otherwise the next file to be opened
 * would take its number: a message would be written into the ledger's lock, or a customer's document be read
 * as the export. Reads from such an input and writes to such an output fail; a message to such an error
 * stream is lost. Ignores SIGXFSZ too: the write that passes a file size limit (ulimit -f) then fails with
 * EFBIG instead of ending the process. */
void process_open_std_fds(void);

/* Makes sure that count files can be open at once, raising the soft limit if needed. 0, or -1 with
 * ERROR_USAGE when the hard limit is lower. */
int process_need_files(size_t count, struct error *error);

/* The state (a letter) and the start, in ticks since the machine started, of a process: `self`, or a number.
 * 1; 0: there is none; -1: not known. */
int process_read(const char *pid, char *state, uint64_t *start);
/* When this process began, by clock_real_ns: up to a tick (10 ms) too early, never too late. Now, where /proc
 * does not have it. */
uint64_t process_start_ns(void);

#endif
