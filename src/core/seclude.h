/* seclude: what keeps a process's memory to itself.
 *
 * A run holds API keys and personal data. Its memory is nobody's: no core file (RLIMIT_CORE 0), and not
 * dumpable, so that no other process of the account can attach to it or read its /proc/PID/mem and environ;
 * root can. Blocks that OpenSSL frees are overwritten first; libcurl's are too (delivery/sender).
 *
 * Builds with a sanitizer stay dumpable: LeakSanitizer stops the process to look at its memory. A debugger or
 * strace that starts the program keeps it; one that attaches later needs root.
 */
#ifndef KYC_CORE_SECLUDE_H
#define KYC_CORE_SECLUDE_H

/* First thing in main, before a secret is read and before OpenSSL allocates anything. */
void seclude_process(void);

#endif
