#!/usr/bin/perl
# The tests of tests/crash with the ledger in PostgreSQL: runs that are killed or stopped anywhere are resumed, and come to the
# same end. steps has a script of its own (steps.t). The short form of check plays fewer scripts.
#
# Arguments: only these (`crash/kill`).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KycOnPostgres;
use KycProof;

# Not recovery: it kills a restore between the steps of files; tests/postgres/recovery.t has those of a database.
my @scripts = map { "crash/$_" } qw(reconcile kill unclear exists);
push @scripts, map { "crash/$_" } qw(changed refresh tasks ten_days) if proof_is_long();
on_postgres_test(2, @ARGV ? \@ARGV : \@scripts);
