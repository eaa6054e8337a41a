#!/usr/bin/perl
# The tests of tests/crash with the ledger in PostgreSQL: runs that are killed or stopped anywhere are resumed, and come to the
# same end. In the short form of check, steps takes every 24th step of each scenario.
#
# Arguments: only these (`crash/steps`).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KycOnPostgres;
use KycProof;

# Not recovery: it kills a restore between the steps of files; tests/postgres/copy.t has those of a database.
my @scripts = map { "crash/$_" } qw(steps changed reconcile refresh tasks unclear kill ten_days exists);
on_postgres_test(2, @ARGV ? \@ARGV : \@scripts, KYC_WORKERS => 3, proof_is_long() ? () : (KYC_EVERY => 24));
