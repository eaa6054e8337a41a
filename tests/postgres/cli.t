#!/usr/bin/perl
# Commands that read and write the ledger, as tests/cli has them, with the ledger in PostgreSQL.
#
# Arguments: only these (`cli/adopt`).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use KycOnPostgres;
use KycProof;

my @scripts = map { "cli/$_" } qw(adopt refresh twins resolve audit in_doubt in_progress run_end settle results where witness);
push @scripts, map { "cli/$_" } qw(links send_documents) if proof_is_long();
on_postgres_test(3, @ARGV ? \@ARGV : \@scripts);
