#!/usr/bin/perl
# The tests of tests/crash with the ledger in PostgreSQL: runs that are killed or stopped anywhere are resumed, and come to the
# same end. The short form of check plays one scenario of each kind, stopped at every eighth step, and fewer scripts; the long
# one every scenario, stopped at every sixth step.
#
# Arguments: only these (`crash/steps`).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KycOnPostgres;
use KycProof;

# Not recovery: it kills a restore between the steps of files; tests/postgres/recovery.t has those of a database.
my @scripts = map { "crash/$_" } qw(steps reconcile kill unclear exists);
push @scripts, map { "crash/$_" } qw(changed refresh tasks ten_days) if proof_is_long();
my %short = (KYC_EVERY => 8, KYC_SCENARIOS => join ',', qw(payso/adopt kraken-embed/in-doubt-changed kira/in-doubt-old payso/in-doubt kira/create
    payward/create payward/update kira/resolve payso/rekey));
on_postgres_test(2, @ARGV ? \@ARGV : \@scripts, KYC_WORKERS => 3, proof_is_long() ? (KYC_EVERY => 6) : $ENV{KYC_SCENARIOS} ? () : %short);
