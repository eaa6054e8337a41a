/* plural: the ending of a noun behind a count. Thread: any; pure. */
#ifndef KYC_CORE_PLURAL_H
#define KYC_CORE_PLURAL_H

#include <stdint.h>

/* `1 record`, `0 records`: "" for 1, else "s". */
const char *plural_s(uint64_t count);

#endif
