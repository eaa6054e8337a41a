/* process: what the process is given by whoever starts it, made safe before anything else happens.
 *
 * Thread: the first one, before there is another.
 */
#ifndef KYC_CORE_PROCESS_H
#define KYC_CORE_PROCESS_H

#include <stddef.h>

#include "core/error.h"

/* Standard input, output or error that is closed is opened on /dev/null: the next file to be opened would
 * take its number, and a message be written into the ledger's lock or a customer's document be read as the
 * export. Reading such an input and writing such an output fail; a message to such an error stream is lost. A
 * file size limit (ulimit -f) is told by the write that passes it, not by SIGXFSZ, which ends the process. */
void process_prepare(void);

/* Makes sure of room for so many open files at once, raising the soft limit if it must. 0, or -1 with
 * ERROR_USAGE when the hard limit is lower. */
int process_need_files(size_t count, struct error *error);

#endif
