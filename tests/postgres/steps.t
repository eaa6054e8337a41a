#!/usr/bin/perl
# tests/crash/steps.t with the ledger in PostgreSQL. The short form of check plays one scenario of each kind, stopped at every
# 24th step; the long one every scenario, stopped at every sixth step.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KycOnPostgres;
use KycProof;

my %short = (KYC_EVERY => 24, KYC_SCENARIOS => join ',', qw(payso/adopt kraken-embed/in-doubt-changed kira/in-doubt-old payso/in-doubt kira/create
    payward/create payward/update kira/resolve payso/rekey));
on_postgres_test(1, ['crash/steps'], KYC_WORKERS => 4, proof_is_long() ? (KYC_EVERY => 6) : $ENV{KYC_SCENARIOS} ? () : %short);
