/* shard_folder: the folder of a shard, written beside its place and put there whole.
 *
 * Two processes that make the same shard at once end as one whole folder, that of the last: schedulers may
 * start a shard twice. The new folder is exchanged with the old one where the file system can, else the old
 * one is moved aside first. A folder that a killed process left behind is removed by the next one that makes
 * this shard: its owner holds a lock (flock) as long as it lives, on a file in it, because on NFS a lock of a
 * folder is not seen by other hosts. Thread: one.
 */
#ifndef KYC_REPORT_SHARD_FOLDER_H
#define KYC_REPORT_SHARD_FOLDER_H

#include <stdint.h>

#include "core/error.h"

#define SHARD_FOLDER_PREFIX "shard-"

/* REPORT/shard-I-of-N. Owner: the caller frees. */
char *shard_folder_path(const char *report_folder, uint32_t shard, uint32_t of);

struct shard_folder {
    char *path, *draft; /* draft: an empty folder (0700) to write into */
    int fd, lock_fd;    /* of the draft, and of the file in it that is locked */
};

/* 0, or -1 as report_file_fail, or with ERROR_USAGE: what is at path cannot be replaced (other files, no
 * folder, a mount point). */
int shard_folder_open(struct shard_folder *folder, const char *path, struct error *error);
/* Puts it in place, durably, and removes the old one. 0, or -1 as report_file_fail. */
int shard_folder_commit(struct shard_folder *folder, struct error *error);
/* Removes the draft, unless it is in place; frees. Safe on a zeroed one. */
void shard_folder_close(struct shard_folder *folder);

#endif
